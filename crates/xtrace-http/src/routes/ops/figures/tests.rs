//! Own figures as collectors read them.

use xtrace_store::ErrorKind;

use crate::testing::{Mood, TestApp};

#[tokio::test]
async fn the_text_is_one_well_formed_exposition() {
    let app = TestApp::new().await;
    app.get("/api/public/traces").await;
    let answer = app.get("/metrics").await;
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text; version=1.0.0")
    );
    let text = answer.text();
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("xtrace_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(text.contains("xtrace_store_up 1"));
    assert!(text.contains("xtrace_store_disk_bytes "));
}

#[tokio::test]
async fn a_store_that_fails_leaves_its_figures_out_and_says_so() {
    let app = TestApp::new().await;
    app.engine.set(Mood::Failing(ErrorKind::Unavailable));
    let answer = app.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("xtrace_store_up 0"));
    assert!(!answer.text().contains("xtrace_store_disk_bytes"));
}

#[tokio::test]
async fn the_store_is_not_asked_at_every_scrape() {
    let app = TestApp::new().await;
    app.get("/metrics").await;
    let asked = app.engine.calls();
    app.get("/metrics").await;
    assert_eq!(app.engine.calls(), asked);
}
