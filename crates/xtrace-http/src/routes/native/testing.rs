//! What tests of the read side share: a store with something in it, and questions to it.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;
use xtrace_store::{CommitBatch, TelemetryWriter as _};
use xtrace_store_tests::builders::{after, project};

use crate::testing::{TestApp, authorised};

/// The application on a store with some telemetry, an hour after noon.
pub struct Reads(pub TestApp);

impl Reads {
    pub async fn with(batch: impl Into<CommitBatch>) -> Self {
        let app = TestApp::new().await;
        app.clock.set(after(3_600.0));
        let mut batch = batch.into();
        for item in &mut batch.items {
            item.scope = project("default");
        }
        app.engine.commit(batch).await.unwrap();
        Self(app)
    }

    /// Status and body of any request with JSON.
    pub async fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = authorised(method, path).header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = self.0.send(request).await;
        (answer.status.as_u16(), answer.json())
    }

    /// The body of a successful answer.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.0.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Status and message of a failure.
    pub async fn refused(&self, path: &str) -> (u16, String) {
        let answer = self.0.get(path).await;
        let status = answer.status.as_u16();
        (status, answer.failure(status).1)
    }
}
