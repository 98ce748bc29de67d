//! Every kind of failure has the one shape.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use xtrace_store::ErrorKind;

use crate::testing::{Answer, BASIC, Mood, TestApp, authorised, options};

const BATCH: &str = "/v1/l/batch";
const JSON: &str = "application/json";

async fn refused(answer: Answer, status: u16, code: &str, part: &str) -> Answer {
    let (found, message) = answer.failure(status);
    assert_eq!(found, code);
    assert!(message.contains(part), "{message}");
    answer
}

#[tokio::test]
async fn an_unknown_route_is_not_found_without_asking_for_credentials() {
    let app = TestApp::new().await;
    for path in ["/", "/nowhere", "/api/public", "/v1/l/batch/more"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        refused(app.send(request).await, 404, "NOT_FOUND", "no such route").await;
    }
}

#[tokio::test]
async fn a_wrong_method_says_which_are_right() {
    let app = TestApp::new().await;
    for (method, path, allowed) in [
        ("POST", "/healthz", "GET,HEAD"),
        ("GET", BATCH, "POST"),
        ("PATCH", "/api/public/traces", "DELETE,GET,HEAD"),
        ("MADEUP", "/api/public/projects", "GET,HEAD"),
    ] {
        let request = authorised(method, path).body(Body::empty()).unwrap();
        let answer = refused(
            app.send(request).await,
            405,
            "METHOD_NOT_ALLOWED",
            "the Allow header",
        )
        .await;
        let mut methods: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike_and_told_the_schemes() {
    let app = TestApp::new().await;
    for header in [
        None,
        Some("Bearer wrong"),
        Some("Basic OjA="),
        Some("Bearer"),
        Some(""),
    ] {
        let mut request = Request::get("/api/public/traces");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        let answer = refused(answer, 401, "UNAUTHORIZED", "Unauthorized").await;
        assert_eq!(
            answer.text(),
            r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#
        );
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Bearer")
        );
    }
}

#[tokio::test]
async fn both_credentials_open_reading_and_writing() {
    let app = TestApp::new().await;
    for header in [BASIC, "basic cGs6c2s=", "bearer a-token-of-tests"] {
        let read = Request::get("/api/public/traces").header("authorization", header);
        assert_eq!(
            app.send(read.body(Body::empty()).unwrap()).await.status,
            200,
            "{header}"
        );
        let write = Request::post(BATCH).header("authorization", header);
        assert_eq!(
            app.send(write.body(Body::from("{}")).unwrap()).await.status,
            200,
            "{header}"
        );
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_taken_are_refused_by_what_is_wrong() {
    let app = TestApp::new().await;
    for (content_type, body, status, code, part) in [
        (JSON, "{", 400, "BAD_REQUEST", "body is not JSON"),
        (JSON, "", 400, "BAD_REQUEST", "body is not JSON"),
        (JSON, "{} {}", 400, "BAD_REQUEST", "body is not JSON"),
        (JSON, "7", 422, "UNPROCESSABLE_ENTITY", "expected an object"),
        (
            "application/x-www-form-urlencoded",
            "{}",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "Content-Type: application/json",
        ),
        (
            "text/plain",
            "{}",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "\"text/plain\"",
        ),
    ] {
        for path in [BATCH, "/v1/metrics/batch"] {
            let request = authorised("POST", path).header(CONTENT_TYPE, content_type);
            let answer = app.send(request.body(Body::from(body)).unwrap()).await;
            refused(answer, status, code, part).await;
        }
    }
}

#[tokio::test]
async fn a_content_type_may_have_parameters_or_be_left_out() {
    let app = TestApp::new().await;
    for content_type in [
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
        Some("application/vnd.x+json"),
        None,
    ] {
        let mut request = authorised("POST", BATCH);
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        assert_eq!(
            app.send(request.body(Body::from("{}")).unwrap())
                .await
                .status,
            200,
            "{content_type:?}"
        );
    }
}

#[tokio::test]
async fn an_unknown_content_encoding_is_refused_with_the_known_ones() {
    let app = TestApp::new().await;
    let request = authorised("POST", BATCH)
        .header(CONTENT_TYPE, JSON)
        .header(CONTENT_ENCODING, "br");
    let answer = app.send(request.body(Body::from("{}")).unwrap()).await;
    let answer = refused(
        answer,
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "\"br\" is not supported; send gzip",
    )
    .await;
    assert_eq!(
        answer.header("accept-encoding"),
        Some("gzip, zstd, deflate")
    );
}

#[tokio::test]
async fn a_path_or_a_parameter_that_cannot_be_read_is_refused() {
    let app = TestApp::new().await;
    refused(
        app.get("/api/public/traces/%FF").await,
        400,
        "BAD_REQUEST",
        "",
    )
    .await;
    refused(
        app.get("/api/public/traces?page=x").await,
        400,
        "BAD_REQUEST",
        "page",
    )
    .await;
    refused(
        app.get("/api/public/traces/unknown").await,
        404,
        "NOT_FOUND",
        "unknown",
    )
    .await;
}

#[tokio::test]
async fn failures_of_the_store_become_statuses_and_tell_nothing_of_the_inside() {
    let app = TestApp::new().await;
    for (kind, status, code, retry_after) in [
        (ErrorKind::Invalid, 400, "BAD_REQUEST", None),
        (ErrorKind::Unsupported, 400, "BAD_REQUEST", None),
        (ErrorKind::Conflict, 503, "SERVICE_UNAVAILABLE", Some("1")),
        (
            ErrorKind::Unavailable,
            503,
            "SERVICE_UNAVAILABLE",
            Some("1"),
        ),
        (ErrorKind::Timeout, 504, "TIMEOUT", Some("5")),
        (ErrorKind::TooLarge, 422, "UNPROCESSABLE_ENTITY", None),
        (ErrorKind::Corrupt, 500, "INTERNAL_ERROR", None),
        (ErrorKind::Internal, 500, "INTERNAL_ERROR", None),
    ] {
        app.engine.set(Mood::Failing(kind));
        let read = app.get("/api/public/traces").await;
        let write = app.post(BATCH, r#"{"trace": {"id": "t"}}"#).await;
        for answer in [read, write] {
            let answer = refused(answer, status, code, "").await;
            assert_eq!(answer.header("retry-after"), retry_after, "{kind:?}");
            let tells = answer.text().contains("/secret/path");
            assert!(!tells || status == 400, "{kind:?}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_next_request_is_served() {
    let app = TestApp::new().await;
    app.engine.set(Mood::Panicking);
    let answer = refused(
        app.get("/api/public/traces").await,
        500,
        "INTERNAL_ERROR",
        "Internal Error",
    )
    .await;
    assert!(!answer.text().contains("secret"));
    app.engine.set(Mood::Well);
    assert_eq!(app.get("/api/public/traces").await.status, 200);
    assert!(
        app.get("/metrics")
            .await
            .text()
            .contains("xtrace_http_panics_total 1")
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_or_not_it_says_so() {
    let options = crate::AppOptions {
        request_bytes_max: 1000,
        ..options()
    };
    let app = TestApp::with(options, xtrace_ingest::QueueOptions::default()).await;
    let fits = format!("{{}}{}", " ".repeat(998));
    assert_eq!(app.post(BATCH, fits.clone()).await.status, 200);
    let over = fits + " ";
    refused(
        app.post(BATCH, over.clone()).await,
        413,
        "PAYLOAD_TOO_LARGE",
        "more than 1000 bytes",
    )
    .await;
    let chunks = over
        .into_bytes()
        .chunks(100)
        .map(<[u8]>::to_vec)
        .map(Ok::<_, std::io::Error>)
        .collect::<Vec<_>>();
    let body = Body::from_stream(futures::stream::iter(chunks));
    refused(
        app.post(BATCH, body).await,
        413,
        "PAYLOAD_TOO_LARGE",
        "XTRACE_MAX_REQUEST_BODY_BYTES",
    )
    .await;
}
