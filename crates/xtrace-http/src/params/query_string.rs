//! The query string as names and values, and what can be wrong with one of them.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::ApiError;

/// Most values of one repeatable parameter.
pub const LIST_VALUES_MAX: usize = 100;

/// Most characters of a value that an error message repeats.
const QUOTED_CHARS_MAX: usize = 64;

/// Decoded parameters in the order sent. Unknown names are ignored, empty values count as absent.
///
/// `tags=a&tags=b`, `tags[]=a&tags[]=b` and `tags[0]=a&tags[1]=b` are the same list.
#[derive(Clone, Debug, Default)]
pub struct QueryString(Vec<(String, String)>);

/// Why a parameter cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParam {
    #[error("parameter {name} is {value:?}; expected {expected}")]
    Value {
        name: &'static str,
        value: String,
        expected: Cow<'static, str>,
    },
    #[error("parameter {name} is missing; expected {expected}")]
    Missing {
        name: &'static str,
        expected: &'static str,
    },
    #[error("parameter {name} was sent {sent} times with different values; expected one")]
    Repeated { name: &'static str, sent: usize },
    #[error("parameter {name} has {sent} values; the limit is {limit}")]
    TooMany {
        name: &'static str,
        sent: usize,
        limit: usize,
    },
}

impl BadParam {
    /// A value that is not what was `expected`.
    pub fn value(name: &'static str, value: &str, expected: impl Into<Cow<'static, str>>) -> Self {
        let mut shown: String = value.chars().take(QUOTED_CHARS_MAX).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self::Value {
            name,
            value: shown,
            expected: expected.into(),
        }
    }
}

impl From<BadParam> for ApiError {
    fn from(error: BadParam) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl<S: Sync> FromRequestParts<S> for QueryString {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl QueryString {
    pub fn parse(raw: &str) -> Self {
        let pairs = form_urlencoded::parse(raw.as_bytes())
            .map(|(name, value)| (plain_name(&name).to_owned(), value.into_owned()));
        Self(pairs.collect())
    }

    /// Whether the name was sent at all, be it with an empty value.
    pub fn mentions(&self, name: &str) -> bool {
        self.0.iter().any(|(sent, _)| sent == name)
    }

    /// The value of a parameter that has at most one.
    ///
    /// # Errors
    /// It was sent with several different values, or holds U+0000, which nothing stored contains.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, BadParam> {
        let mut values = self.values(name);
        let Some(first) = values.next() else {
            return Ok(None);
        };
        if values.any(|other| other != first) {
            let sent = self.values(name).count();
            return Err(BadParam::Repeated { name, sent });
        }
        without_nul(name, first).map(Some)
    }

    /// The value of a parameter that has at most one, read by `parse`.
    ///
    /// # Errors
    /// As [`QueryString::one`], or `parse` found nothing: then `expected` says what it should be.
    pub fn parsed<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadParam> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(BadParam::value(name, text, expected)),
        }
    }

    /// All values of a repeatable parameter.
    ///
    /// # Errors
    /// More than [`LIST_VALUES_MAX`], or one holds U+0000.
    pub fn list(&self, name: &'static str) -> Result<Vec<&str>, BadParam> {
        let values: Vec<&str> = self.values(name).collect();
        limited(name, values.len())?;
        values
            .into_iter()
            .map(|value| without_nul(name, value))
            .collect()
    }

    /// All values of a parameter that may be repeated or separated by commas.
    ///
    /// # Errors
    /// As [`QueryString::list`].
    pub fn comma_list(&self, name: &'static str) -> Result<Vec<&str>, BadParam> {
        let values = self.values(name).flat_map(|value| value.split(','));
        let values: Vec<&str> = values
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect();
        limited(name, values.len())?;
        values
            .into_iter()
            .map(|value| without_nul(name, value))
            .collect()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let sent = self
            .0
            .iter()
            .filter(move |(sent, value)| sent == name && !value.is_empty());
        sent.map(|(_, value)| value.as_str())
    }
}

/// `tags[]` and `tags[3]` are `tags`.
fn plain_name(name: &str) -> &str {
    let Some((plain, index)) = name
        .strip_suffix(']')
        .and_then(|start| start.rsplit_once('['))
    else {
        return name;
    };
    if index.bytes().all(|byte| byte.is_ascii_digit()) {
        plain
    } else {
        name
    }
}

fn limited(name: &'static str, sent: usize) -> Result<(), BadParam> {
    if sent > LIST_VALUES_MAX {
        return Err(BadParam::TooMany {
            name,
            sent,
            limit: LIST_VALUES_MAX,
        });
    }
    Ok(())
}

fn without_nul<'a>(name: &'static str, value: &'a str) -> Result<&'a str, BadParam> {
    if value.contains('\0') {
        return Err(BadParam::value(
            name,
            value,
            "text without the character U+0000",
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_may_be_repeated_bracketed_or_numbered() {
        for raw in [
            "tags=a&tags=b",
            "tags[]=a&tags[]=b",
            "tags%5B%5D=a&tags=b",
            "tags[0]=a&tags[1]=b",
            "tags=&tags=a&tags=b",
        ] {
            assert_eq!(
                QueryString::parse(raw).list("tags"),
                Ok(vec!["a", "b"]),
                "{raw}"
            );
        }
        let kept = QueryString::parse("tags=a,b&tags[x]=c&tag=d");
        assert_eq!(kept.list("tags"), Ok(vec!["a,b"]));
    }

    #[test]
    fn decodes_percents_and_pluses() {
        let query = QueryString::parse("name=a%20b+c%2B%C3%BC&other");
        assert_eq!(query.one("name"), Ok(Some("a b c+ü")));
        assert_eq!(query.one("other"), Ok(None));
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        let query = QueryString::parse("name=&limit");
        assert_eq!(query.one("name"), Ok(None));
        assert_eq!(query.one("limit"), Ok(None));
        assert!(query.mentions("name") && query.mentions("limit"));
        assert!(!query.mentions("page"));
    }

    #[test]
    fn the_same_value_twice_is_one_value() {
        assert_eq!(QueryString::parse("a=1&a=1").one("a"), Ok(Some("1")));
        let error = QueryString::parse("a=1&a=2").one("a").unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameter a was sent 2 times with different values; expected one"
        );
    }

    #[test]
    fn errors_name_the_parameter_and_shorten_the_value() {
        let long = "x".repeat(100);
        let error = QueryString::parse(&format!("limit={long}"))
            .parsed("limit", "a whole number", |text| text.parse::<u64>().ok())
            .unwrap_err();
        let shown = "x".repeat(64);
        assert_eq!(
            error.to_string(),
            format!("parameter limit is \"{shown}…\"; expected a whole number")
        );
    }

    #[test]
    fn more_values_than_the_limit_are_refused() {
        let raw = "t=1&".repeat(LIST_VALUES_MAX + 1);
        let error = QueryString::parse(&raw).list("t").unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameter t has 101 values; the limit is 100"
        );
    }

    #[test]
    fn a_nul_is_refused_by_name() {
        assert!(
            QueryString::parse("name=a%00b")
                .one("name")
                .unwrap_err()
                .to_string()
                .contains("U+0000")
        );
    }

    #[test]
    fn comma_lists_take_both_forms() {
        let query = QueryString::parse("group_by=a,%20b&group_by=c,");
        assert_eq!(query.comma_list("group_by"), Ok(vec!["a", "b", "c"]));
    }
}
