//! Reads per second and credential (contracts/xtrace.md §1.2).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use serde_json::json;
use xtrace_model::Timestamp;

use crate::auth::Caller;
use crate::error::{ApiError, retry_after_seconds};

#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
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
        let quota = Quota::per_second(limits.per_second).allow_burst(limits.burst);
        Self {
            limits,
            buckets: DefaultKeyedRateLimiter::keyed(quota),
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
