//! The commands beside serving.

use crate::places::Place;
use crate::server::TOKEN;

#[test]
fn every_command_explains_itself_and_tells_its_version() {
    let place = Place::embedded();
    let check = |command: &[&str], flag: &str, expected: &str| {
        let arguments: Vec<&str> = command.iter().copied().chain([flag]).collect();
        let output = place.start().command(&arguments).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}");
        assert!(shown.contains(expected), "{arguments:?}: {shown}");
    };
    for command in [
        &[][..],
        &["serve"],
        &["doctor"],
        &["config"],
        &["config", "print"],
        &["config", "check"],
        &["demo"],
        &["migrate"],
    ] {
        check(command, "--help", "Usage:");
        check(command, "--version", env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn config_print_shows_every_setting_and_hides_secrets() {
    let place = Place::embedded();
    let output = place
        .start()
        .command(&["config", "print"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !shown.contains(TOKEN), "{shown}");
    for name in [
        "BIND_ADDR",
        "DATABASE_URL",
        "RUST_LOG",
        "METRICS_RETENTION_DAYS",
    ] {
        assert!(shown.contains(name), "{name} is missing in\n{shown}");
    }
    assert!(
        place
            .start()
            .command(&["config", "check"])
            .status()
            .unwrap()
            .success()
    );
    let wrong = place.start().with("RATE_LIMIT_BURST", "x");
    assert_eq!(
        wrong
            .command(&["config", "check"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(1)
    );
}

async fn demo_fills(place: Place) {
    let server = place.start().start();
    let arguments = [
        "demo",
        "--url",
        &server.url,
        "--days",
        "2",
        "--sessions",
        "3",
    ];
    let output = place.start().command(&arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let sessions = server.get("/api/public/sessions").await;
    assert!(
        sessions.body["meta"]["totalItems"].as_u64().unwrap() >= 3,
        "{}",
        sessions.body
    );
    let daily = server.get("/api/public/metrics/daily").await;
    let cost = daily.body["data"][0]["totalCost"].as_f64().unwrap();
    assert!(cost > 0.0, "{}", daily.body);
    let names = server.get("/api/public/metrics/names").await;
    assert!(
        names.body["data"].as_array().unwrap().len() >= 7,
        "{}",
        names.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_fills_a_running_embedded_server() {
    demo_fills(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_fills_a_running_server_on_postgresql() {
    demo_fills(Place::postgres()).await;
}

#[test]
fn doctor_says_what_is_in_order_on_both_engines() {
    for place in [Place::embedded(), Place::postgres()] {
        assert!(place.start().start().terminate().success());
        let output = place.start().command(&["doctor"]).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && shown.contains("store"),
            "{shown}"
        );
        assert!(shown.contains("rollups      as the rows"), "{shown}");
        let output = place.start().command(&["doctor", "--rebuild"]).output();
        let output = output.unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && shown.contains("rebuilt: "),
            "{shown}"
        );
    }
}

#[test]
fn doctor_tells_a_running_server_from_another_program() {
    let place = Place::embedded();
    let doctor = |address: &str| {
        let start = place.start().with("BIND_ADDR", address);
        let output = start.command(&["doctor"]).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), shown)
    };
    let server = place.start().start();
    let (is_good, shown) = doctor(server.url.trim_start_matches("http://"));
    assert!(is_good && shown.contains("is ready"), "{shown}");
    assert!(shown.contains("in use by the running server"), "{shown}");
    assert!(server.terminate().success());

    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    // Answers at once, so that nobody waits for it: whoever asks finds the connection closed.
    let closing = std::thread::spawn(move || drop(other.accept()));
    let (is_good, shown) = doctor(&address);
    assert!(!is_good && shown.contains("another program"), "{shown}");
    closing.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_rebuilds_the_projection_from_the_log() {
    let place = Place::embedded();
    let server = place.start().start();
    let stored = server.post("/v1/l/batch", &crate::load::body(1)).await;
    assert_eq!(stored.status, 200);
    assert!(server.terminate().success());
    let output = place
        .start()
        .command(&["doctor", "--rebuild"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let server = place.start().start();
    crate::load::assert_all_there(&server, &[1]).await;
}

#[test]
fn migrate_applies_the_schema_and_can_be_repeated() {
    let place = Place::postgres();
    for _ in 0..2 {
        let output = place.start().command(&["migrate"]).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let without = Place::embedded()
        .start()
        .command(&["migrate"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&without.stderr).contains("DATABASE_URL"));
}
