//! What surrounds every route: transport only, never meaning.

use std::any::Any;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any as AnyOrigin, CorsLayer};

use crate::app::App;
use crate::error::ApiError;
use crate::observe::REQUEST_ID;

/// Smaller answers are sent as they are. Bytes.
const COMPRESSED_BYTES_MIN: u64 = 1024;
/// How long browsers may remember the answer to a preflight.
const PREFLIGHT_AGE_MAX: Duration = Duration::from_secs(3600);

/// Preflights are answered here, before anyone asks for credentials.
pub fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::DELETE,
            Method::PATCH,
            Method::PUT,
        ])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            REQUEST_ID,
            header::RETRY_AFTER,
            HeaderName::from_static("allow"),
        ])
        .max_age(PREFLIGHT_AGE_MAX);
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(AnyOrigin);
    }
    let known = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    layer.allow_origin(AllowOrigin::list(known))
}

/// Fast rather than small: answers are made while someone waits.
pub fn compression() -> CompressionLayer<impl Predicate> {
    let predicate = SizeAbove::new(COMPRESSED_BYTES_MIN)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE);
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(predicate)
}

/// A panic is a defect: counted, logged, and answered; the process goes on.
pub fn panicked(
    app: App,
) -> impl Fn(Box<dyn Any + Send + 'static>) -> Response + Clone + Send + Sync + 'static {
    move |panic| {
        app.figures().panics.inc();
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        ApiError::internal(format!("a handler panicked: {text}")).into_response()
    }
}

/// Ends a read that takes too long; dropping it ends its query. A write is never cut off: its commit goes on, and
/// the sender should hear of it.
pub async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let timeout = app.options().read_limits.timeout;
    tokio::time::timeout(timeout, next.run(request))
        .await
        .unwrap_or_else(|_| {
            let message = format!(
                "there was no answer within {} s; ask for less, or try again",
                timeout.as_secs()
            );
            let error = ApiError::new(StatusCode::GATEWAY_TIMEOUT, message);
            error.retry_after(Duration::from_secs(5)).into_response()
        })
}

/// `//v1/l/batch/` is `/v1/l/batch`.
pub fn tidy_path(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.len() > 1 && (path.ends_with('/') || path.contains("//")) {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let query = request
            .uri()
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        if let Ok(tidy) = format!("/{}{query}", parts.join("/")).parse::<PathAndQuery>() {
            *request.uri_mut() = Uri::from(tidy);
        }
    }
    request
}
