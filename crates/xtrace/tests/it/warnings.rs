//! What is said at start of variables that are set and do not do what one would think.

use std::process::Stdio;

use crate::places::Place;
use crate::server::{Start, TOKEN};

/// What checking the configuration writes besides its answer.
fn checked(start: &Start) -> String {
    let output = start.command(&["config", "check"]).output().unwrap();
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What serving writes to the log up to its end, which a port that is taken brings about.
fn logged(start: Start) -> String {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = start.with("BIND_ADDR", &address).command(&[]);
    let output = command.stdout(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_variable_without_effect_is_named_once_at_start_with_what_to_use_instead() {
    let place = Place::embedded();
    let start = place
        .start()
        .with("XTRACE_JSON_DIR", "/data")
        .with("METRICS_DOWNSAMPLE_AFTER_DAYS", "7");
    for shown in [checked(&start), logged(start)] {
        for (variable, instead) in [
            ("XTRACE_JSON_DIR", "XTRACE_DATA_DIR"),
            ("METRICS_DOWNSAMPLE_AFTER_DAYS", "METRICS_RETENTION_DAYS"),
        ] {
            let lines: Vec<&str> = shown
                .lines()
                .filter(|line| line.contains(variable))
                .collect();
            assert!(lines.len() == 1 && lines[0].contains(instead), "{shown}");
        }
    }
}

#[test]
fn a_short_token_is_warned_of_by_the_name_of_its_variable_alone() {
    let place = Place::embedded();
    let start = place.start().with("API_BEARER_TOKEN", "hush");
    for shown in [checked(&start), logged(start)] {
        assert!(
            shown.contains("API_BEARER_TOKEN") && !shown.contains("hush"),
            "{shown}"
        );
    }
}

#[test]
fn nothing_is_warned_of_where_nothing_is_wrong() {
    let place = Place::embedded();
    assert!(TOKEN.len() >= 16);
    let start = place.start().with("METRICS_DOWNSAMPLE_AFTER_DAYS", "0");
    assert_eq!(checked(&start), "");
    assert!(!logged(start).contains("WARN"));
}
