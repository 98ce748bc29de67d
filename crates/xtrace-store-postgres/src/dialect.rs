//! The dialect of PostgreSQL 14 and newer, for the shared lowering.

use xtrace_query::{
    Comparison, Condition, Field, ListMatch, TextMatch, View, observations, traces,
};
use xtrace_store::lower::{Bind, Dialect, fraction};

/// The collation whose `lower` is used, best first: the server decides which of them there are. The first two map
/// character by character as Unicode's simple lower-casing does. The third knows context (a final sigma), the last
/// is whatever the database was created with, in the worst case ASCII alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseFolding {
    /// Built in since PostgreSQL 17.
    Builtin,
    /// Of the C library, where the cluster was created with it.
    LibraryUtf8,
    /// Of ICU, where the server was built with it.
    Icu,
    /// The database's own.
    #[default]
    Database,
}

impl CaseFolding {
    /// Names of collations to look for in `pg_collation`, with what each stands for, best first.
    pub const CANDIDATES: [(&'static str, Self); 3] = [
        ("pg_c_utf8", Self::Builtin),
        ("C.utf8", Self::LibraryUtf8),
        ("und-x-icu", Self::Icu),
    ];

    /// The best of the collations that the server has.
    pub fn best(names: &[String]) -> Self {
        let best = Self::CANDIDATES
            .iter()
            .find(|(name, _)| names.iter().any(|other| other == name));
        best.map_or(Self::Database, |(_, folding)| *folding)
    }

    fn lower(self, text: &str) -> String {
        match Self::CANDIDATES
            .iter()
            .find(|(_, folding)| *folding == self)
        {
            Some((name, _)) => format!("lower({text} COLLATE \"{name}\")"),
            None => format!("lower({text} COLLATE \"default\")"),
        }
    }
}

/// The dialect. Columns of texts should be `COLLATE "C"`: then indexes on them serve orders and ranges.
#[derive(Clone, Copy, Debug, Default)]
pub struct PostgresDialect {
    pub folding: CaseFolding,
}

impl Dialect for PostgresDialect {
    fn placeholder(&self, index: usize, bind: &Bind) -> String {
        let kind = match bind {
            Bind::Text(_) => "text",
            Bind::Bool(_) => "boolean",
            Bind::Int(_) => "bigint",
            Bind::Float(_) => "double precision",
            Bind::Money(_) => "numeric",
            Bind::Time(_) => "timestamptz",
        };
        format!("${index}::{kind}")
    }

    fn source(&self, view: View, _fields: &[&'static Field]) -> String {
        view.def().table.to_owned()
    }

    fn rollups(&self) -> String {
        "rollup_cells".to_owned()
    }

    fn project_column(&self) -> &'static str {
        "project"
    }

    /// Of one trace in such a way that no index beginning with the project is considered. The planner takes the
    /// observations of a trace to be spread over all times, and would walk all observations of the project in their
    /// order until it had met enough of the trace's.
    fn is_of_project(&self, column: &str, project: &str, conditions: &[Condition]) -> String {
        let is_of_one_trace = |condition: &Condition| {
            matches!(
                condition,
                Condition::Compare { field, comparison: Comparison::Equal, .. }
                    if **field == observations::TRACE_ID
            )
        };
        if conditions.iter().any(is_of_one_trace) {
            return format!("({column} = {project}) IS TRUE");
        }
        format!("{column} = {project}")
    }

    fn has_first_of_groups(&self, dimension: &'static Field, value: &'static Field) -> bool {
        *dimension == traces::SESSION_ID && *value == traces::CREATED_AT
    }

    fn bytewise(&self, text: &str) -> String {
        format!("{text} COLLATE \"C\"")
    }

    fn text_match(&self, matching: TextMatch, text: &str, sought: &str) -> String {
        let text = self.folding.lower(text);
        let sought = self.folding.lower(sought);
        match matching {
            TextMatch::Contains => format!("(strpos({text}, {sought}) > 0)"),
            TextMatch::StartsWith => format!("starts_with({text}, {sought})"),
            TextMatch::EndsWith => format!("(right({text}, length({sought})) = {sought})"),
        }
    }

    fn list_match(&self, matching: ListMatch, list: &str, members: &[String]) -> String {
        let operator = match matching {
            ListMatch::All => "@>",
            ListMatch::Any => "&&",
        };
        format!("({list} {operator} ARRAY[{}])", members.join(", "))
    }

    fn list_is_empty(&self, list: &str) -> String {
        format!("(COALESCE(cardinality({list}), 0) = 0)")
    }

    fn percentile(&self, value: &str, percentage: u8) -> String {
        format!(
            "percentile_cont({}) WITHIN GROUP (ORDER BY {value})",
            fraction(percentage)
        )
    }

    fn bucket_key(&self, time: &str, micros: &str, origin: &str) -> String {
        format!("date_bin({micros} * INTERVAL '1 microsecond', {time}, {origin})")
    }

    /// The key is the start.
    fn bucket_start(&self, key: &str, _micros: &str, _origin: &str) -> String {
        key.to_owned()
    }

    fn month(&self, time: &str) -> String {
        format!("date_trunc('month', {time}, 'UTC')")
    }

    fn local_day(&self, time: &str, offset: &str) -> String {
        format!(
            "(({time} AT TIME ZONE 'UTC' + {offset} * INTERVAL '1 second')::date - DATE '1970-01-01')::bigint"
        )
    }
}
