//! Every route with its documentation, registered in one call, and the layers around all of them.

mod layers;

use axum::middleware::{from_fn_with_state, map_response};
use axum::{Extension, Router};
use tower::Layer as _;
use tower::util::MapRequestLayer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::observe::{in_one_shape, observe};
use crate::routes::langfuse;
use crate::routes::native::{batch, daily, metrics, observations, projects, sessions, traces};
use crate::routes::ops;

/// The whole API, its layers from the inside out. Paths are taken with a slash too many, as settings that end in one make them.
pub fn router(app: App) -> Router {
    let (routes, document) = documented();
    let text = ops::openapi::Document::new(&document);
    let api = routes
        .layer(Extension(text))
        .layer(from_fn_with_state(app.clone(), layers::in_time))
        .layer(CatchPanicLayer::custom(layers::panicked(app.clone())))
        .layer(map_response(in_one_shape))
        .layer(layers::cors(&app.options().cors_origins))
        .layer(layers::compression())
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app);
    Router::new().fallback_service(MapRequestLayer::new(layers::tidy_path).layer(api))
}

/// Routes and the document that describes them.
pub fn documented() -> (Router<App>, OpenApi) {
    let (routes, mut document) = OpenApiRouter::with_openapi(ops::openapi::base())
        .merge(operating())
        .merge(writing())
        .merge(reading())
        .split_for_parts();
    ops::openapi::add_failures(&mut document);
    (routes, document)
}

/// No credentials; `Operate` for the statistics.
fn operating() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ops::health::healthz))
        .routes(routes!(ops::health::readyz))
        .routes(routes!(ops::figures::read))
        .routes(routes!(ops::openapi::read))
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
        .routes(routes!(langfuse::metrics::v1::ask))
        .routes(routes!(langfuse::metrics::v2::ask))
}

#[cfg(test)]
mod tests;
