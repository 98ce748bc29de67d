//! When a tier applies.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use super::PriceRequest;

/// One thing that must hold for a tier to apply.
#[derive(Debug)]
pub enum Condition {
    Usage(UsagePattern),
    Attribute(Attribute),
}

/// The units of all buckets whose name matches, compared with a value.
#[derive(Debug)]
pub struct UsagePattern {
    pub pattern: Box<str>,
    pub is_case_sensitive: bool,
    pub comparison: Comparison,
    pub value: u64,
    regex: OnceLock<Option<Regex>>,
}

/// An attribute of the call that must be one of several values.
#[derive(Debug)]
pub struct Attribute {
    /// The name of a model parameter, or `metadata.<key>`.
    pub key: Box<str>,
    pub values: Vec<Box<str>>,
}

/// How units and value are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
    Eq,
    Neq,
}

impl Comparison {
    fn holds(self, units: u64, value: u64) -> bool {
        match self {
            Self::Gt => units > value,
            Self::Gte => units >= value,
            Self::Lt => units < value,
            Self::Lte => units <= value,
            Self::Eq => units == value,
            Self::Neq => units != value,
        }
    }
}

impl UsagePattern {
    pub(super) fn new(
        pattern: Box<str>,
        is_case_sensitive: bool,
        comparison: Comparison,
        value: u64,
    ) -> Self {
        Self {
            pattern,
            is_case_sensitive,
            comparison,
            value,
            regex: OnceLock::new(),
        }
    }

    pub(super) fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.pattern)
            .case_insensitive(!self.is_case_sensitive)
            .build()
    }

    /// A pattern that does not compile was refused when the list was read; here it matches nothing.
    fn matches(&self, bucket: &str) -> bool {
        let regex = self.regex.get_or_init(|| self.compile().ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(bucket))
    }
}

impl Condition {
    pub(super) fn holds(&self, request: &PriceRequest<'_>) -> bool {
        match self {
            Self::Usage(usage) => {
                let matching = request
                    .usage
                    .0
                    .iter()
                    .filter(|(bucket, _)| usage.matches(bucket));
                let units = matching.fold(0_u64, |sum, (_, units)| sum.saturating_add(*units));
                usage.comparison.holds(units, usage.value)
            }
            Self::Attribute(attribute) => {
                let sent = request
                    .attributes
                    .and_then(|attributes| attributes.get(&attribute.key));
                sent.is_some_and(|sent| attribute.values.contains(sent))
            }
        }
    }
}
