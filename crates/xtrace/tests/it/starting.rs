//! What a start shows, and what it refuses.

use std::process::Output;

use crate::places::Place;
use crate::server::Start;

fn run(start: &Start, arguments: &[&str]) -> Output {
    start.command(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_configured_it_generates_credentials_and_the_printed_curl_works() {
    let place = Place::embedded();
    let server = place.start().without("API_BEARER_TOKEN").start();
    for word in [
        "Token",
        "Keys",
        "LANGFUSE_HOST",
        "LANGFUSE_PUBLIC_KEY",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ] {
        assert!(
            server.banner.contains(word),
            "{word} is missing in\n{}",
            server.banner
        );
    }
    let script: String = server
        .banner
        .lines()
        .skip_while(|line| !line.trim().starts_with("curl "))
        .take_while(|line| !line.trim().is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let output = std::process::Command::new("bash")
        .args(["-ec", &script])
        .output()
        .unwrap();
    let shown = text(&output);
    assert!(
        shown.contains("Request Successful.") && shown.contains("\"name\":\"hello xtrace\""),
        "{shown}"
    );
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_with_the_reason() {
    let place = Place::embedded();
    let server = place.start().start();
    let output = run(&place.start(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    assert!(
        shown.contains(&server.id().to_string()) && shown.contains("data"),
        "{shown}"
    );
}

#[test]
fn a_folder_of_a_newer_format_is_refused_with_the_reason() {
    let place = Place::embedded();
    assert!(place.start().start().terminate().success());
    let version = find_format_file(&place.dir().join("data"));
    let format = std::fs::read_to_string(&version).unwrap();
    std::fs::write(
        &version,
        format.replace(char::is_numeric, "").trim().to_owned() + " 999\n",
    )
    .unwrap();
    let output = run(&place.start(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("999"), "{}", text(&output));
}

/// The file in the data folder that carries the format version.
fn find_format_file(dir: &std::path::Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_format = |path: &std::path::PathBuf| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .to_lowercase()
            .contains("format")
    };
    entries
        .into_iter()
        .find(is_format)
        .expect("the data folder has a format file")
}

#[test]
fn all_problems_of_the_configuration_are_reported_together() {
    let place = Place::embedded();
    let start = place
        .start()
        .with("BIND_ADDR", "nowhere")
        .with("RATE_LIMIT_QPS", "0")
        .with("TRACES_RETENTION_DAYS", "soon");
    let output = run(&start, &[]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    for part in [
        "BIND_ADDR",
        "\"nowhere\"",
        "RATE_LIMIT_QPS",
        "\"0\"",
        "TRACES_RETENTION_DAYS",
        "\"soon\"",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let place = Place::embedded();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&place.start().with("BIND_ADDR", &address), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains(&address), "{}", text(&output));
}
