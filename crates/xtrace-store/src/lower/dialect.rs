//! What differs between the dialects of SQL.

use xtrace_query::{Condition, Field, ListMatch, TextMatch, View};

use super::Bind;

/// A dialect of SQL. Arguments and results are fragments of SQL: expressions, each used as an operand without
/// further parentheses, or items of `FROM`.
///
/// What is the same everywhere is not asked for: `CAST(x AS BIGINT)`, `CAST(x AS DOUBLE PRECISION)`, `$n`, window
/// functions, `IS NOT TRUE`, `NULLS LAST`, `COUNT(DISTINCT x)`.
pub trait Dialect: Send + Sync {
    /// The parameter `$index` with a cast to the type that columns of the bind's kind have.
    fn placeholder(&self, index: usize, bind: &Bind) -> String;

    /// The rows of a view as an item of `FROM` without alias: a table, or a subquery in parentheses. It offers at
    /// least the column of the project and those of `fields`, under their declared names. Scoping to the project is
    /// done outside of it.
    fn source(&self, view: View, fields: &[&'static Field]) -> String;

    /// The cells of rollups (`xtrace_model::rollup`) as an item of `FROM` without alias, any number of rows for a cell,
    /// which are to be added up. Columns: that of the project, `kind` (a whole number, see `xtrace_model::Cell`),
    /// `bucket` (as columns of times), `model` (text, empty where there is none), `traces`, `observations`,
    /// `sent_traces` (whole numbers of 64 bits), `input_tokens`, `output_tokens`, `total_tokens` (wider ones), `cost`,
    /// `sent_cost` (as columns of money).
    fn rollups(&self) -> String;

    /// The column with the project's id, the same in all sources of views.
    fn project_column(&self) -> &'static str;

    /// The condition that rows of a view are the project's, beside `conditions`, all of which hold as well. `column` is that
    /// of the project with its alias.
    fn is_of_project(&self, column: &str, project: &str, _conditions: &[Condition]) -> String {
        format!("{column} = {project}")
    }

    /// Whether indexes find the first row of each group by `dimension` one group after the other: one by `value`, which
    /// is never absent, and one by `dimension`, `value` and the view's key. Then the groups of a page in the order of
    /// their least `value` are found without looking at others.
    fn has_first_of_groups(&self, _dimension: &'static Field, _value: &'static Field) -> bool {
        false
    }

    /// The text so that comparing it, or ordering by it, goes by its UTF-8 bytes.
    fn bytewise(&self, text: &str) -> String;

    /// Whether `sought` occurs in `text` without regard to case; no character has a special meaning. Absent where
    /// `text` is.
    fn text_match(&self, matching: TextMatch, text: &str, sought: &str) -> String;

    /// Whether the list has all or any of the members, of which there is at least one.
    fn list_match(&self, matching: ListMatch, list: &str, members: &[String]) -> String;

    /// Whether the list is absent or has no members.
    fn list_is_empty(&self, list: &str) -> String;

    /// The aggregate: the percentile of a double, exact, interpolated, absent over no values.
    fn percentile(&self, value: &str, percentage: u8) -> String;

    /// What stands for the bucket that holds `time` while grouping and ordering: equal for times of one bucket,
    /// greater for those of a later one, absent for an absent one. Buckets are `micros` microseconds long; `origin`
    /// begins one, and only times less than one bucket before it come before it.
    fn bucket_key(&self, time: &str, micros: &str, origin: &str) -> String;

    /// The start of the bucket that `key` stands for, a time.
    fn bucket_start(&self, key: &str, micros: &str, origin: &str) -> String;

    /// The beginning of the month of UTC that holds `time`, a time.
    fn month(&self, time: &str) -> String;

    /// Days since 1970-01-01 of `time` shifted by `offset` seconds, rounded down, as a 64-bit integer.
    fn local_day(&self, time: &str, offset: &str) -> String;
}
