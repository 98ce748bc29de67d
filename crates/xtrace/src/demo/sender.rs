//! Sends demo data, waiting where the server asks for it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};
use xtrace_http::Key;

use super::sessions::Turn;
use crate::credentials::Credentials;

/// A server that asks to wait is asked again this often.
const ATTEMPTS_MAX: u32 = 30;

pub struct Sender {
    client: reqwest::Client,
    url: String,
    key_pair: Option<(String, String)>,
    pub traces: usize,
    pub observations: usize,
    pub points: usize,
}

impl Sender {
    pub fn new(url: &str, credentials: &Credentials) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        let key = credentials.writing_key();
        if let Some(Key::Bearer(token)) = key {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .context("the bearer token cannot be sent in a header")?;
            value.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, value);
        }
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(Duration::from_secs(60))
            .build()?;
        let key_pair = match key {
            Some(Key::Pair { public, secret }) => Some((public.clone(), secret.clone())),
            _ => None,
        };
        Ok(Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            key_pair,
            traces: 0,
            observations: 0,
            points: 0,
        })
    }

    /// Whether a server answers and knows the credentials.
    pub async fn check(&self) -> anyhow::Result<()> {
        let request = self.client.get(format!("{}/api/public/projects", self.url));
        let response = self.authorised(request).send().await?;
        if !response.status().is_success() {
            bail!("the server answers {}", response.status());
        }
        Ok(())
    }

    pub async fn send_turns(&mut self, turns: Vec<Turn>) -> anyhow::Result<()> {
        if turns.is_empty() {
            return Ok(());
        }
        self.traces += turns.len();
        self.observations += turns
            .iter()
            .map(|turn| turn.observations.len())
            .sum::<usize>();
        let bodies = turns
            .into_iter()
            .map(|turn| json!({ "trace": turn.trace, "observations": turn.observations }));
        self.post("/v1/l/batch", &Value::Array(bodies.collect()))
            .await
    }

    pub async fn send_points(&mut self, points: &[Value]) -> anyhow::Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        self.points += points.len();
        self.post("/v1/metrics/batch", &json!({ "metrics": points }))
            .await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.url);
        for _ in 0..ATTEMPTS_MAX {
            let request = self.authorised(self.client.post(&url)).json(body);
            let response = request
                .send()
                .await
                .with_context(|| format!("POST {url}"))?;
            let status = response.status();
            if status == 200 {
                return Ok(());
            }
            let wait = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok());
            match wait {
                Some(seconds) if status == 429 || status == 503 => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                _ => bail!(
                    "POST {url}: {status}: {}",
                    response.text().await.unwrap_or_default()
                ),
            }
        }
        bail!("POST {url}: the server was busy {ATTEMPTS_MAX} times")
    }

    fn authorised(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.key_pair {
            Some((public, secret)) => request.basic_auth(public, Some(secret)),
            None => request,
        }
    }
}
