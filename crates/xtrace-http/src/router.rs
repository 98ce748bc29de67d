//! Every route with its documentation, registered in one call, and the layers around all of them.

use std::any::Any;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, Any as AnyOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ApiError;
use crate::observe::{REQUEST_ID, observe};
use crate::routes::native::{batch, daily, metrics, observations, projects, sessions, traces};
use crate::routes::ops;

/// The whole API.
pub fn router(app: App) -> Router {
    let (routes, document) = documented();
    let routes = routes.merge(ops::openapi::router(&document));
    let layers = ServiceBuilder::new()
        .layer(cors(&app.options().cors_origins))
        .layer(from_fn_with_state(app.clone(), observe))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked(app.clone())));
    routes.layer(layers).with_state(app)
}

/// Routes and the document that describes them.
pub fn documented() -> (Router<App>, OpenApi) {
    OpenApiRouter::with_openapi(ops::openapi::base())
        .merge(operating())
        .merge(writing())
        .merge(reading())
        .split_for_parts()
}

/// No credentials, but for the statistics.
fn operating() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ops::health::healthz))
        .routes(routes!(ops::health::readyz))
        .routes(routes!(ops::figures::read))
        .routes(routes!(ops::rate_limit::stats))
}

/// `Write`.
fn writing() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(batch::write))
        .routes(routes!(metrics::write::write))
        .routes(routes!(traces::delete::one))
        .routes(routes!(traces::delete::many))
}

/// `Read`; `Open` for projects.
fn reading() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(projects::list))
        .routes(routes!(traces::list::list))
        .routes(routes!(traces::detail::read))
        .routes(routes!(observations::list::list))
        .routes(routes!(observations::detail::read))
        .routes(routes!(sessions::list::list))
        .routes(routes!(sessions::detail::read))
        .routes(routes!(daily::read::read))
        .routes(routes!(metrics::names::list))
        .routes(routes!(metrics::query::query))
        .routes(routes!(metrics::latest::read))
}

/// Preflights are answered here, before anyone asks for credentials.
fn cors(origins: &[String]) -> CorsLayer {
    let retry_after = header::RETRY_AFTER;
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::DELETE, Method::PATCH, Method::PUT])
        .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
        .expose_headers([REQUEST_ID, retry_after, HeaderName::from_static("allow")]);
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(AnyOrigin);
    }
    let known = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    layer.allow_origin(AllowOrigin::list(known))
}

/// A panic is a defect: counted, logged, and answered; the process goes on.
fn panicked(
    app: App,
) -> impl Fn(Box<dyn Any + Send + 'static>) -> Response + Clone + Send + Sync + 'static {
    move |panic| {
        app.figures().panics.inc();
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        ApiError::internal(format!("a handler panicked: {text}")).into_response()
    }
}

