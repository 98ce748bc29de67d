//! The dialect of DuckDB, for the shared lowering.
//!
//! It uses nothing of ICU, which not every build has: times are `TIMESTAMP` in UTC. Texts are compared by their bytes
//! and lower-cased character by character as they are.

use xtrace_query::{Field, ListMatch, TextMatch, View};
use xtrace_store::lower::{Bind, Dialect, fraction};

/// The dialect over the given sources: items of `FROM` without alias, each with all declared columns and `project`;
/// those that a statement does not read may be empty.
#[derive(Clone, Debug, Default)]
pub struct DuckDbDialect {
    pub traces: String,
    pub observations: String,
    pub rollups: String,
}

impl Dialect for DuckDbDialect {
    /// Money is bound as text, the others as they are.
    fn placeholder(&self, index: usize, bind: &Bind) -> String {
        let kind = match bind {
            Bind::Text(_) => "VARCHAR",
            Bind::Bool(_) => "BOOLEAN",
            Bind::Int(_) => "BIGINT",
            Bind::Float(_) => "DOUBLE",
            Bind::Money(_) => "DECIMAL(38,12)",
            Bind::Time(_) => "TIMESTAMP",
        };
        format!("CAST(${index} AS {kind})")
    }

    fn source(&self, view: View, _fields: &[&'static Field]) -> String {
        match view {
            View::Traces => self.traces.clone(),
            View::Observations => self.observations.clone(),
        }
    }

    fn rollups(&self) -> String {
        self.rollups.clone()
    }

    fn project_column(&self) -> &'static str {
        "project"
    }

    fn bytewise(&self, text: &str) -> String {
        text.to_owned()
    }

    fn text_match(&self, matching: TextMatch, text: &str, sought: &str) -> String {
        let function = match matching {
            TextMatch::Contains => "contains",
            TextMatch::StartsWith => "starts_with",
            TextMatch::EndsWith => "ends_with",
        };
        format!("{function}(lower({text}), lower({sought}))")
    }

    /// One member at a time: looking for several at once makes a table of each row's list.
    fn list_match(&self, matching: ListMatch, list: &str, members: &[String]) -> String {
        let (joint, of_none) = match matching {
            ListMatch::All => (" AND ", "TRUE"),
            ListMatch::Any => (" OR ", "FALSE"),
        };
        let has = |member: &String| format!("list_contains({list}, {member})");
        match members {
            [] => of_none.to_owned(),
            members => format!(
                "({})",
                members.iter().map(has).collect::<Vec<_>>().join(joint)
            ),
        }
    }

    fn list_is_empty(&self, list: &str) -> String {
        format!("(COALESCE(len({list}), 0) = 0)")
    }

    fn percentile(&self, value: &str, percentage: u8) -> String {
        format!("quantile_cont({value}, {})", fraction(percentage))
    }

    /// A number: integers group several times as fast as `time_bucket`. One bucket more than there is makes the
    /// division round down for the few times before the origin as well.
    fn bucket_key(&self, time: &str, micros: &str, origin: &str) -> String {
        format!("((epoch_us({time}) - epoch_us({origin}) + {micros}) // {micros})")
    }

    fn bucket_start(&self, key: &str, micros: &str, origin: &str) -> String {
        format!("make_timestamp(({key} - 1) * {micros} + epoch_us({origin}))")
    }

    fn month(&self, time: &str) -> String {
        format!("CAST(date_trunc('month', {time}) AS TIMESTAMP)")
    }

    /// The division rounds down because a million days, more than there are before 1970, are added and taken off again.
    fn local_day(&self, time: &str, offset: &str) -> String {
        format!(
            "((epoch_us({time}) + {offset} * 1000000 + 86400000000000000) // 86400000000 - 1000000)"
        )
    }
}
