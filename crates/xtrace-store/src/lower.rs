//! Lowering: from plans to SQL, written once for every engine that speaks SQL.
//!
//! [`plan`] checks the question, writes one statement and lists the values to bind; what differs between dialects is
//! one small trait, [`Dialect`]. Values are always bound; identifiers come from the declarations of `xtrace-query`. The statement is read only, answers with one snapshot and never returns more rows than asked for.
//!
//! # What an engine does
//! ```
//! use xtrace_model::ProjectId;
//! use xtrace_query::{Plan, Select, View, observations};
//! use xtrace_store::lower::{self, Dialect};
//! use xtrace_store::{ProjectScope, StoreResult};
//!
//! fn five_names(scope: &ProjectScope, dialect: &dyn Dialect) -> StoreResult<lower::Statement> {
//!     let plan = Plan {
//!         view: View::Observations,
//!         select: Select::Rows(vec![&observations::NAME]),
//!         conditions: Vec::new(),
//!         order: Vec::new(),
//!         limit: 5,
//!         offset: 0,
//!     };
//!     // Then: prepare `sql`, bind `binds` to $1, $2, …, read cells of the kinds in `columns` into a `Table`.
//!     lower::plan(&plan, scope, dialect)
//! }
//! ```
//! What it deliberately does not do: run statements, choose indexes, know tables beyond their `FROM` item.

mod aggregate;
mod bucket;
mod builder;
mod condition;
mod dialect;
mod histogram;
pub mod rollup;
mod select;

pub use aggregate::fraction;
pub use dialect::Dialect;
pub use rollup::Rolled;
pub use select::plan;

use xtrace_model::{Timestamp, Usd};
use xtrace_query::{Kind, Plan, PlanError};

use crate::error::{ErrorKind, StoreError, StoreResult};
use crate::scope::ProjectScope;

/// The statement that answers a plan: from rollups where that can be done, else as [`plan`].
///
/// # Errors
/// As [`plan`].
pub fn answer(plan: &Plan, scope: &ProjectScope, dialect: &dyn Dialect) -> StoreResult<Statement> {
    match Rolled::of(plan) {
        Some(rolled) => rolled.statement(scope, dialect),
        None => select::plan(plan, scope, dialect),
    }
}

/// A statement ready to be prepared.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text; parameters are `$1`, `$2`, …, each at least once, some more than once.
    pub sql: String,
    /// The values of `$1`, `$2`, ….
    pub binds: Vec<Bind>,
    /// What the columns of the result are, in order.
    pub columns: Vec<OutColumn>,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutColumn {
    /// The field's name, or `{aggregation}_{measure}`.
    pub name: Box<str>,
    /// What its cells hold besides absent values.
    pub kind: OutKind,
}

/// What cells of a result hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutKind {
    /// What fields of that kind hold, in the engine's type for them.
    Of(Kind),
    /// An array of double precision, for [`xtrace_query::Histogram::of_numbers`].
    Histogram,
}

impl From<Kind> for OutKind {
    fn from(kind: Kind) -> Self {
        Self::Of(kind)
    }
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// Without U+0000, which no stored text has either.
    Text(Box<str>),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Finite.
    Float(f64),
    /// An exact amount.
    Money(Usd),
    /// An instant.
    Time(Timestamp),
}

impl From<PlanError> for StoreError {
    fn from(error: PlanError) -> Self {
        let kind = if error.is_unsupported() {
            ErrorKind::Unsupported
        } else {
            ErrorKind::Invalid
        };
        Self::new(kind, "plan.check", error)
    }
}
