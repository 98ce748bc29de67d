//! `GET /api/openapi.json` — the document of the whole API, generated from the code.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::app::App;
use crate::error::ErrorBody;

/// Everything of the document that belongs to no route.
pub fn base() -> OpenApi {
    let scheme = |kind| SecurityScheme::Http(HttpBuilder::new().scheme(kind).build());
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", scheme(HttpAuthScheme::Bearer))
        .security_scheme("keys", scheme(HttpAuthScheme::Basic))
        .schema(ErrorBody::name(), ErrorBody::schema())
        .build();
    let info = InfoBuilder::new()
        .title("xtrace")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Traces, observations and metric series of LLM applications. Every failure, on every route, has the \
             shape of `ErrorBody`. A write is answered when it is on disk and can be read.",
        ))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .build();
    let none: [&str; 0] = [];
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("bearer", none), SecurityRequirement::new("keys", none)]))
        .build()
}

/// Serves the document, which is made once.
pub fn router(document: &OpenApi) -> Router<App> {
    let text = document.to_pretty_json().expect("the document is plain data");
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], text) };
    Router::new().route("/api/openapi.json", get(answer))
}
