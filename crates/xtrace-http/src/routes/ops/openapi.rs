//! `GET /api/openapi.json` — the document of the whole API, generated from the code.

use std::sync::Arc;

use axum::Extension;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response as HttpResponse};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    PathItem, Ref, RefOr, Response,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::error::ErrorBody;

const ABOUT: &str = "Traces, observations and metric series of LLM applications. Every failure, on every route, has \
    the shape of `ErrorBody`. A write is answered when it is on disk and can be read. Every answer has an \
    `X-Request-Id`, which is the caller's where it sent one.";

/// Failures that routes have in common: status, name, and when they happen.
const FAILURES: [(&str, &str, &str); 12] = [
    (
        "400",
        "BadRequest",
        "A parameter, an id or the body cannot be read; the message names it.",
    ),
    ("401", "Unauthorized", "Credentials are missing or wrong."),
    (
        "403",
        "Forbidden",
        "The credentials are good, but not for this: they only read, or are not those of the server's own project.",
    ),
    ("404", "NotFound", "There is no such thing in the project."),
    ("408", "BodyTimeout", "The body did not arrive in time."),
    (
        "413",
        "BodyTooLarge",
        "The body is over the limit, counted after decompression.",
    ),
    (
        "415",
        "UnsupportedBody",
        "The content type or the content encoding is not supported; the message says which are.",
    ),
    (
        "422",
        "WrongShape",
        "The body is JSON, but not what this route takes; the message says what is wrong.",
    ),
    (
        "429",
        "TooManyRequests",
        "Too many requests; `Retry-After` says when to come back.",
    ),
    (
        "500",
        "InternalError",
        "A defect of the server; its log has the cause under the `X-Request-Id`.",
    ),
    (
        "503",
        "Unavailable",
        "The server or its store is not available; `Retry-After` says when to come back.",
    ),
    (
        "504",
        "Timeout",
        "There was no answer in time; ask for less, or try again.",
    ),
];

/// The document as it is served.
#[derive(Clone)]
pub struct Document(Arc<str>);

impl Document {
    pub fn new(document: &OpenApi) -> Self {
        Self(
            document
                .to_pretty_json()
                .expect("the document is plain data")
                .into(),
        )
    }
}

/// This document
#[utoipa::path(get, path = "/api/openapi.json", operation_id = "openapi", tag = "operating", security(()),
    responses((status = 200, description = "The OpenAPI 3.1 document of all routes.", body = serde_json::Value)))]
pub async fn read(Extension(Document(text)): Extension<Document>) -> HttpResponse {
    ([(CONTENT_TYPE, "application/json")], text.to_string()).into_response()
}

/// Everything of the document that belongs to no route.
pub fn base() -> OpenApi {
    let scheme = |kind, about: &str| {
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(kind)
                .description(Some(about))
                .build(),
        )
    };
    let mut components = ComponentsBuilder::new()
        .security_scheme("bearer", scheme(HttpAuthScheme::Bearer, "The API token."))
        .security_scheme(
            "keys",
            scheme(
                HttpAuthScheme::Basic,
                "The public key as user, the secret key as password.",
            ),
        )
        .schema(ErrorBody::name(), ErrorBody::schema());
    for (_, name, about) in FAILURES {
        components = components.response(name, failure(about));
    }
    let none: [&str; 0] = [];
    OpenApiBuilder::new()
        .info(info())
        .components(Some(components.build()))
        .security(Some([
            SecurityRequirement::new("bearer", none),
            SecurityRequirement::new("keys", none),
        ]))
        .build()
}

fn info() -> Info {
    let license = LicenseBuilder::new()
        .name("MIT")
        .identifier(Some("MIT"))
        .build();
    let info = InfoBuilder::new()
        .title("xtrace")
        .version(env!("CARGO_PKG_VERSION"));
    info.description(Some(ABOUT)).license(Some(license)).build()
}

fn failure(about: &str) -> Response {
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ErrorBody::name())))
        .build();
    ResponseBuilder::new()
        .description(about)
        .content("application/json", body)
        .build()
}

/// Adds to each route the failures that follow from what it is, where it does not describe them itself.
pub fn add_failures(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (is_get, operation) in operations(item) {
            let statuses = failures_of(operation, is_get);
            for (status, name, _) in FAILURES
                .iter()
                .filter(|(status, ..)| statuses.contains(status))
            {
                let responses = &mut operation.responses.responses;
                responses
                    .entry((*status).to_owned())
                    .or_insert_with(|| Ref::from_response_name(*name).into());
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    let others = [put, post, delete, patch]
        .into_iter()
        .flatten()
        .map(|operation| (false, operation));
    get.iter_mut()
        .map(|operation| (true, operation))
        .chain(others)
}

fn is_in_path(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path)
}

fn is_operating(operation: &Operation) -> bool {
    let tags = operation.tags.as_deref().unwrap_or_default();
    tags.iter().any(|tag| tag == "operating")
}

fn failures_of(operation: &Operation, is_get: bool) -> Vec<&'static str> {
    let mut statuses = vec!["500"];
    // Routes without credentials say so; all others have the document's.
    if operation.security.is_none() {
        // 429 also of routes that are not limited: for credentials that are wrong again and again.
        statuses.extend(["401", "429", "503", "504"]);
        if !is_get || is_operating(operation) {
            statuses.push("403");
        }
    }
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    if !parameters.is_empty() {
        statuses.push("400");
    }
    if is_get && parameters.iter().any(is_in_path) {
        statuses.push("404");
    }
    if operation.request_body.is_some() {
        statuses.extend(["400", "408", "413", "415", "422"]);
    }
    statuses
}
