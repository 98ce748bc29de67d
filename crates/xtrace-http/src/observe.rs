//! Around every request: its id, its line in the access log, its figures, the log of its failure, and one shape for
//! every failure.
//!
//! The access log is at level `debug` (`RUST_LOG=info,xtrace_http=debug`): method, route, id, status, time. It never
//! has paths, queries or headers, which may hold what is nobody's business.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::metrics::gauge::Gauge;
use tracing::Instrument as _;

use crate::app::App;
use crate::error::ApiError;
use crate::failure_log::Failure;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id is replaced by one of ours.
const REQUEST_ID_BYTES_MAX: usize = 128;

pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unknown".to_owned());
    let span = tracing::info_span!("http.answer", %method, route, request_id = ?id);
    let under_way = UnderWay::new(app.figures().in_flight.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    drop(under_way);
    response.headers_mut().insert(REQUEST_ID, id);
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    app.figures().count(known(&method), &route, status, elapsed);
    span.in_scope(|| {
        if let Some(failure) = response.extensions_mut().remove::<Failure>() {
            app.log(&failure);
        }
        tracing::debug!(
            status,
            elapsed_ms = elapsed.as_secs_f64() * 1000.0,
            "answered"
        );
    });
    response
}

/// Counts a request until it is answered or its caller has gone away.
struct UnderWay(Gauge);

impl UnderWay {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Callers can make up methods, and each would be a series.
fn known(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if known.contains(method) {
        method.as_str()
    } else {
        "OTHER"
    }
}

/// The caller's, when it is short and printable; else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let sent = request.headers().get(REQUEST_ID).filter(|value| {
        let is_short = !value.is_empty() && value.len() <= REQUEST_ID_BYTES_MAX;
        is_short && value.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    sent.cloned().unwrap_or_else(new_id)
}

fn new_id() -> HeaderValue {
    use std::hash::{BuildHasher as _, Hasher as _};
    use std::sync::atomic::{AtomicU64, Ordering};
    // Unique within a process by the counter, across processes by the seed that the system gave the hasher.
    static SEED: std::sync::LazyLock<u64> =
        std::sync::LazyLock::new(|| std::hash::RandomState::new().build_hasher().finish());
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let text = format!("{:016x}{number:08x}", *SEED);
    HeaderValue::from_str(&text).expect("hexadecimal digits are a header value")
}

/// What the framework and its layers answer in plain text becomes our envelope, headers kept.
pub async fn in_one_shape(response: Response) -> Response {
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !is_failure || content_type.is_some_and(|text| text.starts_with("application/json")) {
        return response;
    }
    let message = match status {
        StatusCode::NOT_FOUND => "no such route; GET /api/openapi.json lists them all".to_owned(),
        // The framework adds the header after this layer.
        StatusCode::METHOD_NOT_ALLOWED => {
            "this route does not know the method; the Allow header names those it knows".to_owned()
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "the content encoding is not supported; send gzip, deflate, zstd, or none".to_owned()
        }
        other => other.canonical_reason().unwrap_or("failed").to_owned(),
    };
    let (parts, _) = response.into_parts();
    let mut ours = ApiError::new(status, message).into_response();
    for (name, value) in &parts.headers {
        if name != CONTENT_TYPE && name != "content-length" {
            ours.headers_mut().insert(name, value.clone());
        }
    }
    ours
}
