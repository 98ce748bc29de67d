//! Filters as data: the parameter, what it asks of which field, and its documentation.

use xtrace_model::Level;
use xtrace_query::{Comparison, Condition, Field, Kind, ListMatch, TextMatch, Value};

use super::document::{ParamDoc, Shape};
use super::query_string::{BadParam, QueryString};
use super::value;

/// Most bytes of a text that is searched for.
pub const SEARCH_BYTES_MAX: usize = 256;

/// A query parameter that restricts the rows of a list.
#[derive(Debug)]
pub struct FilterParam {
    pub name: &'static str,
    pub test: Test,
    pub doc: &'static str,
}

/// What a row must satisfy.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// Equal, as the field's kind: text, whole number, or `true`/`false`.
    Is(&'static Field),
    /// Equal to one of the values sent; repeatable.
    AnyOf(&'static Field),
    /// One of a fixed set of words, in any case; repeatable.
    AnyWord(&'static Field, &'static [&'static str]),
    /// This level or a higher one.
    LevelAtLeast(&'static Field),
    /// The list holds all values sent; repeatable.
    HasAll(&'static Field),
    /// The list holds one of the values sent; repeatable.
    HasAny(&'static Field),
    /// Not below the value sent; times and numbers.
    AtLeast(&'static Field),
    /// Not above the value sent; times and numbers.
    AtMost(&'static Field),
    /// The first field is equal, or it is absent and the second is.
    OwnOrElse(&'static Field, &'static Field),
    /// Occurs in one of the fields, in any case.
    Search(&'static [&'static Field]),
}

pub static LEVELS: [&str; 4] = ["DEBUG", "DEFAULT", "WARNING", "ERROR"];
pub static TYPES: [&str; 10] = [
    "SPAN",
    "GENERATION",
    "EVENT",
    "AGENT",
    "TOOL",
    "CHAIN",
    "RETRIEVER",
    "EVALUATOR",
    "EMBEDDING",
    "GUARDRAIL",
];
const LEVEL_EXPECTED: &str = "DEBUG, DEFAULT, WARNING or ERROR";

/// The conditions that the parameters sent put on rows.
///
/// # Errors
/// The first value that is not what its parameter takes.
pub fn conditions(
    filters: &[FilterParam],
    query: &QueryString,
) -> Result<Vec<Condition>, BadParam> {
    let mut conditions = Vec::new();
    for filter in filters {
        conditions.extend(filter.condition(query)?);
    }
    Ok(conditions)
}

impl FilterParam {
    pub const fn new(name: &'static str, test: Test, doc: &'static str) -> Self {
        Self { name, test, doc }
    }

    /// `None` when the parameter was not sent.
    ///
    /// # Errors
    /// The value is not what the parameter takes.
    pub fn condition(&self, query: &QueryString) -> Result<Option<Condition>, BadParam> {
        match self.test {
            Test::Is(field) => self.compared(query, field, Comparison::Equal),
            Test::AtLeast(field) => self.compared(query, field, Comparison::GreaterOrEqual),
            Test::AtMost(field) => self.compared(query, field, Comparison::LessOrEqual),
            Test::AnyOf(field) => Ok(any_of(field, texts(query.list(self.name)?))),
            Test::AnyWord(field, words) => self.any_word(query, field, words),
            Test::LevelAtLeast(field) => self.level_at_least(query, field),
            Test::HasAll(field) => Ok(listed(field, ListMatch::All, &query.list(self.name)?)),
            Test::HasAny(field) => Ok(listed(field, ListMatch::Any, &query.list(self.name)?)),
            Test::OwnOrElse(own, other) => {
                let sent = query.one(self.name)?;
                Ok(sent.map(|text| own_or_else(own, other, text)))
            }
            Test::Search(fields) => self.search(query, fields),
        }
    }

    pub fn document(&self) -> ParamDoc {
        let shape = match self.test {
            Test::Is(field) | Test::AtLeast(field) | Test::AtMost(field) => shape_of(field.kind),
            Test::AnyOf(_) | Test::HasAll(_) | Test::HasAny(_) => Shape::TextList,
            Test::AnyWord(_, words) => Shape::Words {
                words,
                is_list: true,
            },
            Test::LevelAtLeast(_) => Shape::Words {
                words: &LEVELS,
                is_list: false,
            },
            Test::OwnOrElse(..) | Test::Search(_) => Shape::Text,
        };
        ParamDoc::new(self.name, shape, self.doc)
    }

    fn compared(
        &self,
        query: &QueryString,
        field: &'static Field,
        comparison: Comparison,
    ) -> Result<Option<Condition>, BadParam> {
        let expected = value::expected(field.kind);
        let sent = query.parsed(self.name, expected, |text| value::parse(field.kind, text))?;
        Ok(sent.map(|value| Condition::Compare {
            field,
            comparison,
            value,
        }))
    }

    fn any_word(
        &self,
        query: &QueryString,
        field: &'static Field,
        words: &'static [&'static str],
    ) -> Result<Option<Condition>, BadParam> {
        let mut values = Vec::new();
        for sent in query.comma_list(self.name)? {
            let word = words.iter().find(|word| word.eq_ignore_ascii_case(sent));
            let word = word.ok_or_else(|| {
                BadParam::value(self.name, sent, format!("one of {}", words.join(", ")))
            })?;
            values.push(Value::text(*word));
        }
        Ok(any_of(field, values))
    }

    fn level_at_least(
        &self,
        query: &QueryString,
        field: &'static Field,
    ) -> Result<Option<Condition>, BadParam> {
        let lowest = query.parsed(self.name, LEVEL_EXPECTED, |text| Level::parse(text.trim()))?;
        Ok(lowest.and_then(|lowest| {
            let levels = Level::ALL.into_iter().filter(|level| *level >= lowest);
            any_of(
                field,
                levels.map(|level| Value::text(level.as_str())).collect(),
            )
        }))
    }

    fn search(
        &self,
        query: &QueryString,
        fields: &'static [&'static Field],
    ) -> Result<Option<Condition>, BadParam> {
        let Some(text) = query.one(self.name)?.map(str::trim) else {
            return Ok(None);
        };
        if text.len() > SEARCH_BYTES_MAX {
            let expected = format!("text of at most {SEARCH_BYTES_MAX} bytes");
            return Err(BadParam::value(self.name, text, expected));
        }
        if text.is_empty() {
            return Ok(None);
        }
        let contains = |field: &&'static Field| Condition::Text {
            field,
            matching: TextMatch::Contains,
            text: text.into(),
        };
        Ok(Some(Condition::Any(fields.iter().map(contains).collect())))
    }
}

fn texts(values: Vec<&str>) -> Vec<Value> {
    values.into_iter().map(Value::text).collect()
}

fn any_of(field: &'static Field, mut values: Vec<Value>) -> Option<Condition> {
    match values.len() {
        0 => None,
        1 => values.pop().map(|value| Condition::equal(field, value)),
        _ => Some(Condition::In { field, values }),
    }
}

fn listed(field: &'static Field, matching: ListMatch, values: &[&str]) -> Option<Condition> {
    let values: Vec<Box<str>> = values.iter().map(|value| Box::from(*value)).collect();
    (!values.is_empty()).then_some(Condition::List {
        field,
        matching,
        values,
    })
}

fn own_or_else(own: &'static Field, other: &'static Field, text: &str) -> Condition {
    let is_others = vec![
        Condition::IsAbsent { field: own },
        Condition::equal(other, Value::text(text)),
    ];
    Condition::Any(vec![
        Condition::equal(own, Value::text(text)),
        Condition::All(is_others),
    ])
}

fn shape_of(kind: Kind) -> Shape {
    match kind {
        Kind::Bool => Shape::Boolean,
        Kind::Int => Shape::Integer,
        Kind::Float | Kind::Money => Shape::Number,
        Kind::Time => Shape::DateTime,
        Kind::Text | Kind::TextList | Kind::Json => Shape::Text,
    }
}

#[cfg(test)]
mod tests {
    use xtrace_model::ObservationType;
    use xtrace_query::{observations, traces};

    use super::*;

    fn read(test: Test, raw: &str) -> Result<Option<Condition>, String> {
        let filter = FilterParam::new("p", test, "");
        filter
            .condition(&QueryString::parse(raw))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_words_are_those_of_the_model() {
        assert_eq!(LEVELS, Level::ALL.map(Level::as_str));
        assert_eq!(TYPES, ObservationType::ALL.map(ObservationType::as_str));
    }

    #[test]
    fn equality_follows_the_kind_of_the_field() {
        let equal = |field, value| Ok(Some(Condition::equal(field, value)));
        let text = read(Test::Is(&traces::NAME), "p=true");
        assert_eq!(text, equal(&traces::NAME, Value::text("true")));
        let flag = read(Test::Is(&traces::PUBLIC), "p=true");
        assert_eq!(flag, equal(&traces::PUBLIC, Value::Bool(true)));
        let number = read(Test::Is(&observations::ATTEMPT), "p=2");
        assert_eq!(number, equal(&observations::ATTEMPT, Value::Int(2)));
        assert_eq!(read(Test::Is(&traces::NAME), "q=x"), Ok(None));
        assert_eq!(
            read(Test::Is(&traces::PUBLIC), "p=maybe"),
            Err("parameter p is \"maybe\"; expected true or false".to_owned())
        );
    }

    #[test]
    fn words_are_known_in_any_case_and_others_refused() {
        let test = Test::AnyWord(&observations::TYPE, &TYPES);
        let both = vec![Value::text("TOOL"), Value::text("SPAN")];
        let field = &observations::TYPE;
        let expected = Ok(Some(Condition::In {
            field,
            values: both,
        }));
        assert_eq!(read(test, "p=tool&p=Span"), expected);
        assert_eq!(read(test, "p=tool,span"), expected);
        assert!(read(test, "p=thing").unwrap_err().contains("one of SPAN"));
    }

    #[test]
    fn a_least_level_means_it_and_those_above() {
        let values = vec![Value::text("WARNING"), Value::text("ERROR")];
        let field = &traces::LEVEL;
        let expected = Ok(Some(Condition::In { field, values }));
        assert_eq!(read(Test::LevelAtLeast(field), "p=warning"), expected);
        assert!(read(Test::LevelAtLeast(field), "p=fatal").is_err());
    }

    #[test]
    fn bounds_are_numbers_money_or_times() {
        let read_min = |field, raw| read(Test::AtLeast(field), raw);
        let at_least = |field, value| Ok(Some(Condition::at_least(field, value)));
        let latency = &traces::LATENCY;
        assert_eq!(
            read_min(latency, "p=1.5"),
            at_least(latency, Value::Float(1.5))
        );
        let cost = &traces::TOTAL_COST;
        let cent = xtrace_model::Usd::parse("0.01").unwrap();
        assert_eq!(read_min(cost, "p=0.01"), at_least(cost, Value::Money(cent)));
        for bad in ["p=NaN", "p=inf", "p=x"] {
            assert!(read_min(latency, bad).is_err(), "{bad}");
            assert!(read_min(cost, bad).is_err(), "{bad}");
        }
        assert!(read_min(&traces::TIMESTAMP, "p=2026-01-01").is_err());
    }

    #[test]
    fn a_search_is_bounded() {
        static FIELDS: [&Field; 1] = [&traces::NAME];
        let test = Test::Search(&FIELDS);
        assert_eq!(read(test, "p=%20"), Ok(None));
        assert!(read(test, &format!("p={}", "x".repeat(257))).is_err());
        assert!(read(test, "p=x").unwrap().is_some());
    }
}
