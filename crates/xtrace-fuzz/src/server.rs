//! The HTTP edge in process, on the reference engine: any request gets an honest answer.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use xtrace_http::{
    Access, App, AppOptions, Credential, Credentials, Key, MetricCaps, Parts, RateLimits,
    ReadLimits,
};
use xtrace_ingest::native::LabelLimits;
use xtrace_ingest::{Ingest, IngestFigures, QueueOptions};
use xtrace_model::{Clock, ManualClock, PriceBook, ProjectId};
use xtrace_store::TelemetryWriter;
use xtrace_store_tests::model::Reference;

use crate::bytes::received;

const TOKEN: &str = "a-token-of-fuzzing";

/// Largest body, decompressed. Bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 16;

/// What the server keeps between requests grows with them, so it is replaced now and then.
const REQUESTS_MAX: u32 = 500;

/// A server, and the thread's runtime that it lives on.
pub(crate) struct Server {
    runtime: Runtime,
    router: Router,
    requests: u32,
    fill: fn() -> Vec<Request<Body>>,
}

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Server {
    /// A server with what the requests of `fill` store.
    pub(crate) fn new(fill: fn() -> Vec<Request<Body>>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without a thread of its own");
        let router = runtime.block_on(router());
        let mut server = Self {
            runtime,
            router,
            requests: 0,
            fill,
        };
        server.store();
        server
    }

    /// Sends a request; panics where the answer is a failure of the server's own.
    pub(crate) fn send(&mut self, request: Request<Body>) -> Answer {
        self.requests += 1;
        if self.requests > REQUESTS_MAX {
            self.router = self.runtime.block_on(router());
            self.requests = 0;
            self.store();
        }
        let answer = self.answer(request);
        let text = String::from_utf8_lossy(&answer.body);
        assert!(
            !answer.status.is_server_error(),
            "{}: {text}",
            answer.status
        );
        let json = serde_json::from_slice::<serde_json::Value>(&answer.body);
        let json = json.unwrap_or_else(|error| panic!("{text} is not JSON: {error}"));
        if answer.status.is_client_error() {
            assert!(
                json["message"].is_string() && json["code"].is_string(),
                "{text}"
            );
        }
        answer
    }

    fn store(&mut self) {
        for request in (self.fill)() {
            let answer = self.answer(request);
            assert!(answer.status.is_success(), "{answer:?}");
        }
    }

    fn answer(&mut self, request: Request<Body>) -> Answer {
        let router = self.router.clone();
        self.runtime.block_on(async {
            let response = router.oneshot(request).await;
            let (parts, body) = response.expect("the router never fails").into_parts();
            let body = body.collect().await.expect("an answer ends").to_bytes();
            Answer {
                status: parts.status,
                body,
            }
        })
    }
}

/// A request with good credentials.
pub(crate) fn authorised(method: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .header(AUTHORIZATION, format!("Bearer {TOKEN}"))
}

/// A request that stores JSON.
pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = authorised("POST").header(CONTENT_TYPE, "application/json");
    let request = request.uri(path).body(body.into());
    request.expect("a request of constant form")
}

async fn router() -> Router {
    let engine = Arc::new(Reference::empty());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(received()));
    let ingest_figures = Arc::new(IngestFigures::default());
    let writer: Arc<dyn TelemetryWriter> = engine.clone();
    let prices = Arc::new(PriceBook::default());
    let ingest = Ingest::start(
        writer,
        prices,
        QueueOptions::default(),
        ingest_figures.clone(),
    );
    let parts = Parts {
        engine,
        ingest,
        ingest_figures,
        clock,
    };
    let app = App::new(options(), parts).await;
    xtrace_http::router(app.expect("the reference engine always answers"))
}

fn options() -> AppOptions {
    let project = ProjectId::new("default").expect("a short id");
    let credential = Credential {
        name: "token".into(),
        project: project.clone(),
        access: Access::Write,
        key: Key::Bearer(TOKEN.into()),
    };
    AppOptions {
        credentials: Credentials::new(vec![credential], false),
        project,
        request_bytes_max: BODY_BYTES_MAX,
        body_timeout: Duration::from_secs(600),
        cors_origins: Vec::new(),
        rate_limits: RateLimits {
            per_second: NonZeroU32::MAX,
            burst: NonZeroU32::MAX,
        },
        read_limits: ReadLimits::default(),
        metric_caps: MetricCaps {
            series_max: 50,
            points_max: 1000,
        },
        metric_limits: LabelLimits::default(),
    }
}
