//! The log of failures that are not the caller's: the first of a kind at once, then one line in ten seconds.
//!
//! During an outage every request fails in the same way; a line for each would fill the disk with what one line says.
//! What is left out is counted in the next line of its kind, and by status in `/metrics`. It remembers a bounded number
//! of kinds; those beyond it are one kind together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use xtrace_model::Timestamp;
use xtrace_store::BoxError;

const MICROS_BETWEEN_LINES: i64 = 10_000_000;
const KINDS_MAX: usize = 64;

/// A failure whose cause is for the log, on its way out with the answer.
#[derive(Clone, Debug)]
pub struct Failure(Arc<Told>);

#[derive(Debug)]
struct Told {
    status: StatusCode,
    code: &'static str,
    message: String,
    cause: BoxError,
}

/// What failures have in common that are alike. The cause counts without its own causes, where details are: two
/// defects are both "Internal Error" to callers, and must not hide each other here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kind {
    code: &'static str,
    message: String,
    cause: String,
}

/// Failures of a kind since its last line.
#[derive(Debug)]
struct Since {
    line: Timestamp,
    left_out: u64,
}

#[derive(Debug, Default)]
pub struct FailureLog {
    kinds: Mutex<HashMap<Kind, Since>>,
}

impl Failure {
    pub fn new(status: StatusCode, code: &'static str, message: &str, cause: BoxError) -> Self {
        Self(Arc::new(Told {
            status,
            code,
            message: message.to_owned(),
            cause,
        }))
    }
}

impl FailureLog {
    /// Writes a line, here and nowhere else, at the level of who must act; or counts what is left out.
    pub fn note(&self, Failure(failure): &Failure, now: Timestamp) {
        let kind = Kind {
            code: failure.code,
            message: failure.message.clone(),
            cause: failure.cause.to_string(),
        };
        let Some(left_out) = self.turn(kind, now) else {
            return;
        };
        let Told {
            status,
            code,
            message,
            cause,
        } = failure.as_ref();
        let chain = Chain(cause.as_ref());
        // Nothing left out is nothing to say.
        let left_out = (left_out > 0).then_some(left_out);
        if *status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(code, left_out, "{message}: {chain}");
        } else {
            tracing::error!(code, left_out, "{message}: {chain}");
        }
    }

    /// How many were left out since the last line, where it is time for another one.
    fn turn(&self, kind: Kind, now: Timestamp) -> Option<u64> {
        let mut kinds = self.kinds.lock().expect("no panic while held");
        if kinds.len() >= KINDS_MAX && !kinds.contains_key(&kind) {
            kinds.retain(|_, since| !since.is_over(now));
        }
        // INVARIANT: one place is kept for all kinds that have none.
        let has_place = kinds.len() + 1 < KINDS_MAX || kinds.contains_key(&kind);
        let kind = if has_place { kind } else { Kind::default() };
        let Some(since) = kinds.get_mut(&kind) else {
            let since = Since {
                line: now,
                left_out: 0,
            };
            kinds.insert(kind, since);
            return Some(0);
        };
        if !since.is_over(now) {
            since.left_out += 1;
            return None;
        }
        since.line = now;
        Some(std::mem::take(&mut since.left_out))
    }
}

impl Since {
    /// A clock that was set back does not silence the log.
    fn is_over(&self, now: Timestamp) -> bool {
        let micros = now.as_micros().saturating_sub(self.line.as_micros());
        !(0..MICROS_BETWEEN_LINES).contains(&micros)
    }
}

/// An error with its causes, `: ` between.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
