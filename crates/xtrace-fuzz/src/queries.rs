//! Questions to every reading route: paths, parameters, filters, times, zones, labels. Whatever is asked is answered, or
//! refused by name.

use std::cell::RefCell;

use axum::body::Body;
use axum::http::{Request, Uri};

use crate::bytes::choice;
use crate::server::{Server, authorised, post};

/// Routes that take a question as JSON, in which bytes are escaped.
const ASKED: [&str; 2] = [
    "/api/public/metrics?query=",
    "/api/public/v2/metrics?query=",
];
/// First bytes from here on choose one of those.
const ASKED_FROM: u8 = 224;

/// What comes before the bytes; where it ends in `/` they are a part of the path, else the query string.
const PREFIXES: [&str; 10] = [
    "/api/public/traces?",
    "/api/public/traces/",
    "/api/public/observations?",
    "/api/public/observations/",
    "/api/public/sessions?",
    "/api/public/sessions/",
    "/api/public/metrics/daily?",
    "/api/public/metrics/query?name=latency&",
    "/api/public/metrics/latest?",
    "/api/public/metrics/names?",
];

thread_local! {
    static SERVER: RefCell<Server> = RefCell::new(Server::new(stored));
}

/// The first byte chooses the route.
pub fn run(data: &[u8]) {
    let (choice, data) = choice(data);
    let target = match choice.checked_sub(ASKED_FROM) {
        Some(asked) => {
            let prefix = ASKED[usize::from(asked) % ASKED.len()];
            let escaped = data
                .iter()
                .flat_map(|byte| format!("%{byte:02X}").into_bytes());
            prefix.bytes().chain(escaped).collect()
        }
        None => [
            PREFIXES[usize::from(choice) % PREFIXES.len()].as_bytes(),
            data,
        ]
        .concat(),
    };
    // What is no URI does not come through HTTP either.
    let Ok(uri) = Uri::try_from(target) else {
        return;
    };
    let request = authorised("GET").uri(uri).body(Body::empty());
    let request = request.expect("a request of constant form");
    SERVER.with_borrow_mut(|server| server.send(request));
}

/// Something to find.
fn stored() -> Vec<Request<Body>> {
    let batch = r#"{"trace": {"id": "t1", "name": "chat", "userId": "u", "sessionId": "s", "tags": ["a", "b"],
        "timestamp": "2026-01-31T12:00:00Z", "input": {"q": 1}, "metadata": {"k": {"l": 1}}},
        "observations": [{"id": "o1", "traceId": "t1", "type": "GENERATION", "model": "gpt-4o",
        "startTime": "2026-01-31T12:00:00Z", "endTime": "2026-01-31T12:00:02Z", "usage": {"input": 10, "output": 5},
        "totalCost": 0.5, "level": "ERROR", "statusMessage": "late"},
        {"id": "o2", "traceId": "t1", "parentObservationId": "o1", "startTime": "2026-01-31T12:00:01Z"}]}"#;
    let points = r#"{"metrics": [
        {"name": "latency", "value": 1.5, "timestamp": "2026-01-31T12:00:00Z", "labels": {"host": "a"}},
        {"name": "latency", "value": 2.5, "timestamp": "2026-01-31T12:30:00Z", "labels": {"host": "b"}}]}"#;
    vec![
        post("/v1/l/batch", batch),
        post("/v1/metrics/batch", points),
    ]
}
