//! Nothing is forgotten: routes, their permissions and their documentation are compared.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use xtrace_ingest::QueueOptions;

use crate::app::AppOptions;
use crate::rate_limit::RateLimits;
use crate::testing::{OTHER_TOKEN, READ_TOKEN, TestApp, authorised, options};

/// What a route asks of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Credentials, whatever they may do.
    Credentials,
    /// Credentials, and a turn of the rate limiter.
    Turn,
    /// Credentials that write.
    Write,
    /// Credentials that write in the server's own project.
    Operate,
}
use Needs::{Credentials, Nothing, Operate, Turn, Write};

/// Every route. Whoever adds one decides here what it needs.
const LEDGER: [(&str, &str, Needs); 22] = [
    ("DELETE", "/api/public/traces", Write),
    ("DELETE", "/api/public/traces/{traceId}", Write),
    ("GET", "/api/internal/rate_limit_stats", Operate),
    ("GET", "/api/openapi.json", Nothing),
    ("GET", "/api/public/metrics", Turn),
    ("GET", "/api/public/metrics/daily", Turn),
    ("GET", "/api/public/metrics/latest", Turn),
    ("GET", "/api/public/metrics/names", Turn),
    ("GET", "/api/public/metrics/query", Turn),
    ("GET", "/api/public/observations", Turn),
    ("GET", "/api/public/observations/{observationId}", Turn),
    ("GET", "/api/public/projects", Credentials),
    ("GET", "/api/public/sessions", Turn),
    ("GET", "/api/public/sessions/{sessionId}", Turn),
    ("GET", "/api/public/traces", Turn),
    ("GET", "/api/public/traces/{traceId}", Turn),
    ("GET", "/api/public/v2/metrics", Turn),
    ("GET", "/healthz", Nothing),
    ("GET", "/metrics", Nothing),
    ("GET", "/readyz", Nothing),
    ("POST", "/v1/l/batch", Write),
    ("POST", "/v1/metrics/batch", Write),
];

const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "PATCH"];

async fn document(app: &TestApp) -> Value {
    let request = Request::get("/api/openapi.json")
        .body(Body::empty())
        .unwrap();
    app.send(request).await.json()
}

/// Method, path and description of each documented route.
fn documented(document: &Value) -> Vec<(String, String, &Value)> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            if METHODS.contains(&method.as_str()) {
                routes.push((method, path.clone(), operation));
            }
        }
    }
    routes.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    routes
}

/// A path with something in each place.
fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_document_has_exactly_the_routes_of_the_ledger() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    let documented: Vec<(String, String)> = documented(&document)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let ledger: Vec<(String, String)> = LEDGER
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(documented, ledger);
}

#[tokio::test]
async fn the_router_has_exactly_the_documented_methods() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    let mut by_path: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (method, path, _) in documented(&document) {
        by_path.entry(path).or_default().push(method);
    }
    for (path, methods) in by_path {
        let request = authorised("MADEUP", &filled(&path))
            .body(Body::empty())
            .unwrap();
        let answer = app.send(request).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer
            .header("allow")
            .unwrap()
            .split(',')
            .filter(|method| *method != "HEAD");
        let mut allowed: Vec<&str> = allowed.collect();
        allowed.sort_unstable();
        assert_eq!(allowed, methods, "{path}");
    }
}

/// The one way to register a route documents it; this is what keeps others out.
#[test]
fn every_route_is_registered_with_its_documentation() {
    let source = include_str!("../../router.rs");
    for other in [".route(", ".nest(", ".route_service(", ".nest_service("] {
        assert!(
            !source.contains(other),
            "router.rs has {other}; use .routes(routes!(…))"
        );
    }
    assert_eq!(source.matches("routes!(").count(), LEDGER.len());
}

#[tokio::test]
async fn only_routes_that_need_nothing_answer_without_credentials() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    for ((method, path, operation), (.., needs)) in documented(&document).into_iter().zip(LEDGER) {
        let request = Request::builder()
            .method(method.as_str())
            .uri(filled(&path));
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        let is_open = needs == Nothing;
        assert_eq!(
            answer.status != 401,
            is_open,
            "{method} {path} answers {}",
            answer.status
        );
        assert_eq!(
            operation.get("security").is_some(),
            is_open,
            "security of {method} {path}"
        );
        assert_eq!(
            operation["responses"].get("401").is_none(),
            is_open,
            "401 of {method} {path}"
        );
    }
}

#[tokio::test]
async fn credentials_are_refused_exactly_where_they_may_not_go() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    for ((method, path, operation), (.., needs)) in documented(&document).into_iter().zip(LEDGER) {
        let reading = app.ask(&method, &filled(&path), READ_TOKEN).await;
        let other = app.ask(&method, &filled(&path), OTHER_TOKEN).await;
        let own = app.get(&filled(&path)).await;
        let is_refused = [reading, other, own].map(|answer| answer.status == 403);
        let expected = [matches!(needs, Write | Operate), needs == Operate, false];
        assert_eq!(is_refused, expected, "{method} {path}");
        assert_eq!(
            operation["responses"].get("403").is_some(),
            expected[0],
            "403 of {method} {path}"
        );
    }
}

#[tokio::test]
async fn exactly_the_reads_of_telemetry_are_limited() {
    let one = NonZeroU32::new(1).unwrap();
    for (method, path, needs) in LEDGER {
        let rate_limits = RateLimits {
            per_second: one,
            burst: one,
        };
        let app = TestApp::with(
            AppOptions {
                rate_limits,
                ..options()
            },
            QueueOptions::default(),
        )
        .await;
        let mut statuses = Vec::new();
        for _ in 0..2 {
            let request = authorised(method, &filled(path))
                .body(Body::empty())
                .unwrap();
            statuses.push(app.send(request).await.status.as_u16());
        }
        assert_ne!(statuses[0], 429, "{method} {path}");
        assert_eq!(
            statuses[1] == 429,
            needs == Turn,
            "{method} {path} answers {statuses:?}"
        );
    }
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_says_what_there_is_to_say() {
    let app = TestApp::new().await;
    let document = document(&app).await;
    assert_eq!(document["openapi"], "3.1.0");
    for (method, path, operation) in documented(&document) {
        for field in ["summary", "operationId", "tags"] {
            assert!(
                operation.get(field).is_some(),
                "{method} {path} has no {field}"
            );
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].is_string(),
                "{method} {path}: {parameter}"
            );
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_known = response.get("$ref").is_some() || response["description"].is_string();
            assert!(is_known, "{method} {path} does not describe {status}");
        }
    }
    assert_no_dangling_references(&document, &document);
}

fn assert_no_dangling_references(value: &Value, document: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(
                    document.pointer(pointer).is_some(),
                    "{reference} leads nowhere"
                );
            }
            fields
                .values()
                .for_each(|value| assert_no_dangling_references(value, document));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|value| assert_no_dangling_references(value, document)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_stays_as_it_is() {
    let app = TestApp::new().await;
    let mut document = document(&app).await;
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    document["info"]["version"] = "the version of the crate".into();
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&document).unwrap());
}
