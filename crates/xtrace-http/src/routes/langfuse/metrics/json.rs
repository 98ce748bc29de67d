//! JSON with the place of each value, so that whatever is wrong is named.

use serde_json::{Map, Number, Value};

/// Most characters of a value that an error message repeats.
const SHOWN_CHARS_MAX: usize = 64;

/// Why a question cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter {place} {problem}")]
pub struct BadQuestion {
    place: String,
    problem: String,
}

impl BadQuestion {
    pub fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

/// A value and where it stands, such as `query.metrics[0].measure`.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    pub fn new(value: &'a Value, place: impl Into<String>) -> Self {
        Self {
            value,
            place: place.into(),
        }
    }

    pub fn bad(&self, problem: impl Into<String>) -> BadQuestion {
        BadQuestion::new(&*self.place, problem)
    }

    /// It is something else.
    pub fn unexpected(&self, expected: &str) -> BadQuestion {
        let text = self.value.to_string();
        let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        self.bad(format!("is {shown}; expected {expected}"))
    }

    pub fn text(&self) -> Result<&'a str, BadQuestion> {
        let text = self.value.as_str();
        text.ok_or_else(|| self.unexpected("text"))
    }

    pub fn number(&self) -> Result<&'a Number, BadQuestion> {
        match self.value {
            Value::Number(number) => Ok(number),
            _ => Err(self.unexpected("a number")),
        }
    }

    pub fn flag(&self) -> Result<bool, BadQuestion> {
        let flag = self.value.as_bool();
        flag.ok_or_else(|| self.unexpected("true or false"))
    }

    /// A whole number from 1 to `max`.
    pub fn count(&self, max: u64) -> Result<u64, BadQuestion> {
        let count = self
            .value
            .as_u64()
            .filter(|count| (1..=max).contains(count));
        count.ok_or_else(|| self.unexpected(&format!("a whole number from 1 to {max}")))
    }

    /// What `find` finds under the text.
    pub fn one_of<T>(
        &self,
        find: impl FnOnce(&str) -> Option<T>,
        names: &[&str],
    ) -> Result<T, BadQuestion> {
        let found = self.value.as_str().and_then(find);
        found.ok_or_else(|| self.unexpected(&format!("one of {}", names.join(", "))))
    }

    pub fn list(&self, max: usize) -> Result<Vec<Node<'a>>, BadQuestion> {
        let Value::Array(values) = self.value else {
            return Err(self.unexpected("a list"));
        };
        if values.len() > max {
            let sent = values.len();
            return Err(self.bad(format!("has {sent} entries; the limit is {max}")));
        }
        let place = |index| format!("{}[{index}]", self.place);
        let nodes = values.iter().enumerate();
        Ok(nodes
            .map(|(index, value)| Node::new(value, place(index)))
            .collect())
    }

    pub fn texts(&self, max: usize) -> Result<Vec<&'a str>, BadQuestion> {
        self.list(max)?.iter().map(Node::text).collect()
    }

    /// An object with no other keys than these.
    pub fn object(&self, known: &[&str]) -> Result<Object<'a>, BadQuestion> {
        let Value::Object(map) = self.value else {
            return Err(self.unexpected("an object"));
        };
        if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
            let shown: String = key.chars().take(SHOWN_CHARS_MAX).collect();
            let known = known.join(", ");
            return Err(self.bad(format!("has the key {shown:?}; expected only {known}")));
        }
        Ok(Object {
            map,
            place: self.place.clone(),
        })
    }
}

/// An object and where it stands. What is null counts as absent.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    map: &'a Map<String, Value>,
    place: String,
}

impl<'a> Object<'a> {
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.map.get(key).filter(|value| !value.is_null())?;
        Some(Node::new(value, format!("{}.{key}", self.place)))
    }

    pub fn required(&self, key: &str, expected: &str) -> Result<Node<'a>, BadQuestion> {
        self.get(key).ok_or_else(|| {
            let place = format!("{}.{key}", self.place);
            BadQuestion::new(place, format!("is missing; expected {expected}"))
        })
    }

    /// The entries of a list; of an absent one none.
    pub fn list(&self, key: &str, max: usize) -> Result<Vec<Node<'a>>, BadQuestion> {
        self.get(key)
            .map_or_else(|| Ok(Vec::new()), |node| node.list(max))
    }
}
