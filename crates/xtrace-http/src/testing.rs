//! The application in process: on the reference engine, with a clock that stands still and failures on demand.

mod faulty;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use xtrace_ingest::native::LabelLimits;
use xtrace_ingest::{Ingest, IngestFigures, QueueOptions};
use xtrace_model::{Clock, ManualClock, PriceBook, ProjectId};
use xtrace_store::TelemetryWriter;
use xtrace_store_tests::builders::noon;

use crate::app::{App, AppOptions, Parts, ReadLimits};
use crate::auth::{Access, Credential, Credentials, Key};
use crate::params::metric::MetricCaps;
use crate::rate_limit::RateLimits;
use crate::router::router;

pub use faulty::{Faulty, Mood};

pub const TOKEN: &str = "a-token-of-tests";
pub const READ_TOKEN: &str = "a-token-that-reads";
pub const OTHER_TOKEN: &str = "a-token-of-another-project";
pub const OTHER_READ_TOKEN: &str = "a-token-that-reads-another-project";
/// `pk:sk` in base64.
pub const BASIC: &str = "Basic cGs6c2s=";

/// The application, its engine and its clock.
pub struct TestApp {
    pub app: App,
    pub router: Router,
    pub engine: Arc<Faulty>,
    pub clock: Arc<ManualClock>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The token and the key pair of the default project, a token that reads there, and both tokens of another project.
pub fn credentials() -> Vec<Credential> {
    let of = |name: &str, project, access, key| Credential {
        name: name.into(),
        project: ProjectId::new(project).unwrap(),
        access,
        key,
    };
    let bearer =
        |name, project, access, token: &str| of(name, project, access, Key::Bearer(token.into()));
    let (public, secret) = ("pk".into(), "sk".into());
    vec![
        bearer("token", "default", Access::Write, TOKEN),
        of(
            "keys",
            "default",
            Access::Write,
            Key::Pair { public, secret },
        ),
        bearer("reading token", "default", Access::Read, READ_TOKEN),
        bearer("other token", "other", Access::Write, OTHER_TOKEN),
        bearer(
            "other reading token",
            "other",
            Access::Read,
            OTHER_READ_TOKEN,
        ),
    ]
}

/// What tests start from: rate limits and body limits that nobody meets by accident.
pub fn options() -> AppOptions {
    let plenty = NonZeroU32::new(1_000_000).unwrap();
    AppOptions {
        credentials: Credentials::new(credentials(), false),
        project: ProjectId::new("default").unwrap(),
        request_bytes_max: 20 * 1024 * 1024,
        body_timeout: Duration::from_secs(10),
        cors_origins: vec!["http://localhost:5173".into()],
        rate_limits: RateLimits {
            per_second: plenty,
            burst: plenty,
        },
        read_limits: ReadLimits::default(),
        metric_caps: MetricCaps {
            series_max: 50,
            points_max: 1000,
        },
        metric_limits: LabelLimits::default(),
    }
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(options(), QueueOptions::default()).await
    }

    pub async fn with(options: AppOptions, queue: QueueOptions) -> Self {
        let engine = Arc::new(Faulty::default());
        let clock = Arc::new(ManualClock::at(noon()));
        let ingest_figures = Arc::new(IngestFigures::default());
        let writer: Arc<dyn TelemetryWriter> = engine.clone();
        let prices = Arc::new(PriceBook::default());
        let ingest = Ingest::start(writer, prices, queue, ingest_figures.clone());
        let shared: Arc<dyn Clock> = clock.clone();
        let parts = Parts {
            engine: engine.clone(),
            ingest,
            ingest_figures,
            clock: shared,
        };
        let app = App::new(options, parts).await.unwrap();
        Self {
            router: router(app.clone()),
            app,
            engine,
            clock,
        }
    }

    /// Sends a request as it is: no credentials are added.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        answer(self.router.clone(), request).await
    }

    /// Sends a request without a body.
    pub async fn ask(&self, method: &str, path: &str, token: &str) -> Answer {
        let request = authorised_by(token, method, path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(authorised("GET", path).body(Body::empty()).unwrap())
            .await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = authorised("POST", path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }
}

/// A request with the token.
pub fn authorised(method: &str, path: &str) -> axum::http::request::Builder {
    authorised_by(TOKEN, method, path)
}

pub fn authorised_by(token: &str, method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(AUTHORIZATION, format!("Bearer {token}"))
}

pub async fn answer(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} is not JSON: {error}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code and message of a failure, which has the one shape of all failures.
    pub fn failure(&self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.header("x-request-id").is_some());
        let body = self.json();
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys[..2], ["message", "code"]);
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    }
}
