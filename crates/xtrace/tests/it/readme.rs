//! The README's commands do what it says.

use std::process::Command;

use crate::places::Place;

#[test]
fn the_first_curl_of_the_readme_stores_a_trace_and_shows_it() {
    let readme = include_str!("../../../../README.md");
    let block = readme
        .split("```sh\n")
        .nth(2)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert!(
        block.contains("curl") && block.contains("/v1/l/batch"),
        "{block}"
    );
    let place = Place::embedded();
    let start = place
        .start()
        .without("API_BEARER_TOKEN")
        .with("XTRACE_DATA_DIR", "xtrace-data");
    let server = start.start();
    let script = block.replace("http://127.0.0.1:8742", &server.url);
    let output = Command::new("bash")
        .args(["-ec", &script])
        .current_dir(place.dir())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{shown}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for part in [
        "Request Successful.",
        "\"name\":\"hello xtrace\"",
        "\"model\":\"gpt-4o\"",
        "\"latency\":1.5",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    assert!(
        shown.contains("0.00008"),
        "the computed cost is missing in\n{shown}"
    );
}
