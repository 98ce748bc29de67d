//! Several projects on one server, each with its own credentials.

use serde_json::{Value, json};

use crate::places::Place;
use crate::server::Server;

const TOKENS: &str =
    "a:token-that-writes-a:token-that-reads-a,a:new-token-that-writes-a,b:token-that-writes-b";
const TRACES: &str = "/api/public/traces";

/// Who sends a request.
#[derive(Clone, Copy)]
enum By {
    Token(&'static str),
    Keys(&'static str, &'static str),
}

impl By {
    fn sign(self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::Token(token) => request.bearer_auth(token),
            Self::Keys(public, secret) => request.basic_auth(public, Some(secret)),
        }
    }

    async fn write(self, server: &Server, id: &str) -> (u16, Value) {
        let url = format!("{}/v1/l/batch", server.url);
        let request = reqwest::Client::new().post(url);
        let body = json!({ "trace": { "id": id } });
        send(self.sign(request).json(&body)).await
    }

    async fn read(self, server: &Server, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", server.url);
        send(self.sign(reqwest::Client::new().get(url))).await
    }
}

async fn send(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

async fn keeps_apart(place: Place) {
    let start = place
        .start()
        .without("API_BEARER_TOKEN")
        .with("API_READ_BEARER_TOKEN", "token-that-reads-the-default")
        .with("XTRACE_PROJECT_TOKENS", TOKENS)
        .with("XTRACE_PROJECT_BASIC_AUTH", "c:pk-c:the-secret-key-of-c");
    let server = start.start();
    let (a, keys_of_c) = (
        By::Token("token-that-writes-a"),
        By::Keys("pk-c", "the-secret-key-of-c"),
    );
    for (by, id) in [
        (a, "first-of-a"),
        (By::Token("new-token-that-writes-a"), "second-of-a"),
        (By::Token("token-that-writes-b"), "only-of-b"),
        (keys_of_c, "only-of-c"),
    ] {
        let (status, body) = by.write(&server, id).await;
        assert_eq!(status, 200, "{id}: {body}");
    }
    for (by, project, traces) in [
        (By::Token("token-that-reads-the-default"), "default", 0),
        (a, "a", 2),
        (By::Token("token-that-reads-a"), "a", 2),
        (By::Token("token-that-writes-b"), "b", 1),
        (keys_of_c, "c", 1),
    ] {
        let (_, own) = by.read(&server, "/api/public/projects").await;
        assert_eq!(own["data"][0]["id"], project);
        let (_, seen) = by.read(&server, TRACES).await;
        assert_eq!(seen["meta"]["totalItems"], traces, "{project}: {seen}");
    }
    for by in [
        By::Token("token-that-reads-a"),
        By::Token("token-that-reads-the-default"),
    ] {
        let (status, body) = by.write(&server, "no").await;
        assert_eq!((status, &body["code"]), (403, &json!("FORBIDDEN")));
    }
    let (status, _) = By::Keys("pk-c", "the-secret-key-of-b")
        .read(&server, TRACES)
        .await;
    assert_eq!(status, 401);
    assert!(server.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_credential_opens_its_own_project_on_the_embedded_store() {
    keeps_apart(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_credential_opens_its_own_project_on_postgresql() {
    keeps_apart(Place::postgres()).await;
}

#[test]
fn a_wrong_list_of_tokens_is_refused_by_position_and_never_shown() {
    let place = Place::embedded();
    let start = place
        .start()
        .with("XTRACE_PROJECT_TOKENS", "a:fine,hush")
        .with("XTRACE_PROJECT_BASIC_AUTH", "a:pk:hush,b:pk:hush");
    for command in [&["config", "check"][..], &["config", "print"], &[]] {
        let output = start.command(command).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let (out, err) = (output.stdout, output.stderr);
        let shown = [out, err].map(|text| String::from_utf8_lossy(&text).into_owned());
        let shown = shown.concat();
        assert!(
            !shown.contains("hush") && !shown.contains("fine"),
            "{shown}"
        );
        for part in [
            "XTRACE_PROJECT_TOKENS, entry 2 is not project:write_token",
            "XTRACE_PROJECT_BASIC_AUTH, entry 2 is the same as XTRACE_PROJECT_BASIC_AUTH, entry 1",
        ] {
            assert!(shown.contains(part), "{part} is missing in\n{shown}");
        }
    }
}
