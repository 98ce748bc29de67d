//! What failures write to the log.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use xtrace_store::ErrorKind;

use crate::testing::{Mood, TestApp};

const TRACES: &str = "/api/public/traces";
const SECOND: i64 = 1_000_000;

/// Keeps what would be written: level and fields of each event of ours.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("xtrace_http") && *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn an_outage_writes_one_line_in_ten_seconds_that_counts_the_others() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let app = TestApp::new().await;
    app.engine.set(Mood::Failing(ErrorKind::Unavailable));
    for _ in 0..100 {
        assert_eq!(app.get(TRACES).await.status, 503);
    }
    let first = lines.take();
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(first[0].starts_with("WARN") && first[0].contains("/secret/path"));
    assert!(!first[0].contains("left_out"), "{first:?}");
    app.clock.advance_micros(10 * SECOND);
    app.get(TRACES).await;
    let second = lines.take();
    assert_eq!(second.len(), 1, "{second:?}");
    assert!(second[0].contains("left_out=99"), "{second:?}");
}

/// Anyone may ask, without credentials.
#[tokio::test]
async fn probing_a_store_that_does_not_work_floods_nothing() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let app = TestApp::new().await;
    app.engine.set(Mood::Failing(ErrorKind::Unavailable));
    for _ in 0..100 {
        assert_eq!(app.get("/readyz").await.status, 503);
    }
    let lines = lines.take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the store is not ready: "), "{lines:?}");
}

#[tokio::test]
async fn an_outage_does_not_hide_a_defect() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let app = TestApp::new().await;
    for mood in [
        Mood::Failing(ErrorKind::Unavailable),
        Mood::Failing(ErrorKind::Corrupt),
        Mood::Panicking,
    ] {
        app.engine.set(mood);
        app.get(TRACES).await;
        app.get(TRACES).await;
    }
    let lines = lines.take();
    let levels = lines.iter().map(|line| line.split(' ').next().unwrap());
    assert_eq!(levels.collect::<Vec<_>>(), ["WARN", "ERROR", "ERROR"]);
}
