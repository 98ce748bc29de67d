//! `fields`: which groups of a trace's or observation's fields to answer with.

use super::document::{ParamDoc, Shape};
use super::query_string::{BadParam, QueryString};

/// Groups beside `core`, which is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldGroups {
    pub io: bool,
    pub scores: bool,
    pub observations: bool,
    pub metrics: bool,
}

pub const TRACE_FIELDS: ParamDoc = ParamDoc::new(
    "fields",
    Shape::Text,
    "Groups to answer with, separated by commas: core (always there), io (input, output, metadata), \
     scores, observations, metrics (latency, cost, tokens). Absent: all. Unknown groups are ignored.",
);
pub const OBSERVATION_FIELDS: ParamDoc = ParamDoc::new(
    "fields",
    Shape::Text,
    "Groups to answer with, separated by commas: core (always there), io (input, output, metadata, \
     modelParameters). Absent: all. Unknown groups are ignored.",
);

impl FieldGroups {
    pub const ALL: Self = Self {
        io: true,
        scores: true,
        observations: true,
        metrics: true,
    };

    /// All when `fields` was not sent; only those named when it was, be it empty.
    ///
    /// # Errors
    /// More values than a list may have.
    pub fn parse(query: &QueryString) -> Result<Self, BadParam> {
        if !query.mentions("fields") {
            return Ok(Self::ALL);
        }
        let named = query.comma_list("fields")?;
        let has = |group: &str| named.iter().any(|name| name.eq_ignore_ascii_case(group));
        Ok(Self {
            io: has("io"),
            scores: has("scores"),
            observations: has("observations"),
            metrics: has("metrics"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_means_all_and_named_means_only_those() {
        let groups = |raw: &str| FieldGroups::parse(&QueryString::parse(raw)).unwrap();
        let none = FieldGroups {
            io: false,
            scores: false,
            observations: false,
            metrics: false,
        };
        assert_eq!(groups(""), FieldGroups::ALL);
        assert_eq!(groups("fields=core"), none);
        assert_eq!(groups("fields="), none);
        assert_eq!(groups("fields=core,IO"), FieldGroups { io: true, ..none });
        let both = FieldGroups {
            metrics: true,
            observations: true,
            ..none
        };
        assert_eq!(groups("fields=metrics&fields=observations,color"), both);
    }
}
