//! Reads per second and credential (contracts/xtrace.md §1.2), and failed logins per second in all.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota};
use serde_json::json;
use xtrace_model::Timestamp;

use crate::auth::Caller;
use crate::error::{ApiError, retry_after_seconds};

#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

impl RateLimits {
    fn quota(self) -> Quota {
        Quota::per_second(self.per_second).allow_burst(self.burst)
    }
}

pub struct RateLimiter {
    limits: RateLimits,
    buckets: DefaultKeyedRateLimiter<Caller>,
    clock: DefaultClock,
    allowed: AtomicU64,
    rejected: Mutex<HashMap<Caller, u64>>,
}

/// How the limiter has decided since the start of the process.
pub struct Decisions {
    pub limits: RateLimits,
    pub allowed: u64,
    pub rejected: HashMap<Caller, u64>,
}

impl RateLimiter {
    pub fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            buckets: DefaultKeyedRateLimiter::keyed(limits.quota()),
            clock: DefaultClock::default(),
            allowed: AtomicU64::new(0),
            rejected: Mutex::default(),
        }
    }

    /// # Errors
    /// The caller has used up its reads; the error says when there will be one again.
    pub fn check(&self, caller: Caller, now: Timestamp) -> Result<(), ApiError> {
        match self.buckets.check_key(&caller) {
            Ok(()) => {
                self.allowed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(until) => {
                *self
                    .rejected
                    .lock()
                    .expect("no panic while held")
                    .entry(caller)
                    .or_default() += 1;
                let wait = until.wait_time_from(self.clock.now());
                Err(ApiError::rate_limited(wait, now))
            }
        }
    }

    pub fn decisions(&self) -> Decisions {
        Decisions {
            limits: self.limits,
            allowed: self.allowed.load(Ordering::Relaxed),
            rejected: self.rejected.lock().expect("no panic while held").clone(),
        }
    }
}

/// One bucket for the failed logins of everyone: callers that are not known cannot be told apart.
///
/// It is asked after the credentials have been compared, so it never stands in the way of good ones: were it asked
/// before, anyone who reaches the port could lock everyone out with wrong tokens. That means that it does not keep
/// anyone from guessing, which the length of secrets does; it slows down clients that go on and on with a wrong token.
pub struct FailedLogins {
    bucket: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl FailedLogins {
    pub fn new(limits: RateLimits) -> Self {
        Self {
            bucket: DefaultDirectRateLimiter::direct(limits.quota()),
            clock: DefaultClock::default(),
        }
    }

    /// The answer to one more.
    pub fn refusal(&self) -> ApiError {
        match self.bucket.check() {
            Ok(()) => ApiError::unauthorized(),
            Err(until) => {
                let message =
                    "too many requests with wrong credentials; check them before you come back";
                let wait = until.wait_time_from(self.clock.now());
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(wait)
            }
        }
    }
}

/// The documented answer of a rejected read.
pub fn rejection(wait: Duration, now: Timestamp) -> Response {
    let micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    let body = json!({
        "message": "Too Many Requests",
        "code": "TOO_MANY_REQUESTS",
        "data": null,
        "meta": { "rate_limit": {
            "remaining": 0,
            "reset_at": now.saturating_add_micros(micros).to_string(),
        } },
    });
    let header = [(header::RETRY_AFTER, retry_after_seconds(wait))];
    (StatusCode::TOO_MANY_REQUESTS, header, Json(body)).into_response()
}
