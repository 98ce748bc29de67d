//! Who may say or call what.

use tidy::{CodeLine, Finding, RustFile, report, tree};

/// The names of engines' parts, and the crates besides the composition root and the tools that may say them.
const ENGINE_WORDS: &[(&str, &str)] = &[
    ("duckdb", "crates/xtrace-store-embedded/"),
    ("fjall", "crates/xtrace-store-embedded/"),
    ("postgres", "crates/xtrace-store-postgres/"),
    ("sqlx", "crates/xtrace-store-postgres/"),
];
/// The composition root, the benchmark and the tests know all engines.
const KNOW_ALL_ENGINES: &[&str] = &[
    "crates/xtrace/",
    "crates/xtrace-bench/",
    "crates/xtrace-store-tests/",
    "crates/xtrace-store-tests/",
    "tests/",
];

const MAY_READ_THE_ENVIRONMENT: &[&str] = &[
    "crates/xtrace/src/config",
    "crates/xtrace-store-tests/",
    "tests/",
];
const MAY_MAKE_A_SCOPE: &[&str] = &[
    "crates/xtrace-http/src/auth",
    "crates/xtrace-bench/",
    "crates/xtrace-store-tests/",
];
/// Where SQL is put together. The embedded engine's tables have a generation in their names, so that hardly any
/// of its statements is constant; the benchmark and the suite fill bare databases.
const BUILD_SQL: &[&str] = &[
    "/lower/",
    "/lower.rs",
    "/dialect.rs",
    "/sql/",
    "/sql.rs",
    "crates/xtrace-bench/",
    "crates/xtrace-store-tests/",
    "crates/xtrace-store-embedded/src/",
];
const SQL_WORDS: &[&str] = &[
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE",
    "DROP TABLE",
    "ALTER TABLE",
    " WHERE ",
];

/// Lines of code, in tests as well, that `is_wrong` objects to.
fn check(is_wrong: impl Fn(&RustFile, &CodeLine) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree().rust {
        for line in file.code.iter().filter(|line| is_wrong(file, line)) {
            findings.push(Finding::new(&file.path, line.number, line.code.as_str()));
        }
    }
    findings
}

#[test]
fn an_engine_is_named_by_itself_and_by_the_composition_root_only() {
    let mut findings = Vec::new();
    for file in tree()
        .production()
        .filter(|file| file.path.starts_with("crates/") && !file.is_in(KNOW_ALL_ENGINES))
    {
        let text = tree()
            .text(&file.path)
            .expect("every Rust file is a text file");
        for (number, line) in text
            .lines()
            .filter(|(number, _)| !file.is_test_line(*number))
        {
            let lower = line.to_lowercase();
            for (word, home) in ENGINE_WORDS {
                if lower.contains(word) && !file.path.starts_with(home) {
                    findings.push(Finding::new(
                        &file.path,
                        number,
                        format!("`{word}` in: {}", line.trim()),
                    ));
                }
            }
        }
    }
    report(
        &findings,
        "Say what is needed of any engine; what only one needs belongs to its crate.",
    );
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let reads = ["env::var", "env::set_var", "env::remove_var"];
    let findings = check(|file, line| {
        reads.iter().any(|read| line.code.contains(read))
            && !file.is_test_line(line.number)
            && !file.is_in(MAY_READ_THE_ENVIRONMENT)
            && !file.path.ends_with("/build.rs")
    });
    report(
        &findings,
        "Take the value as an argument; add a setting to crates/xtrace/src/config.",
    );
}

#[test]
fn only_authorisation_makes_a_project_scope() {
    let findings = check(|file, line| {
        line.code.contains("ProjectScope::new(")
            && !file.is_test_line(line.number)
            && !file.is_in(MAY_MAKE_A_SCOPE)
    });
    report(
        &findings,
        "Take a `&ProjectScope` as the first argument; it proves that somebody was authorised.",
    );
}

#[test]
fn sql_is_put_together_in_one_place_per_engine() {
    let mut findings = Vec::new();
    for file in tree()
        .production()
        .filter(|file| !BUILD_SQL.iter().any(|place| file.path.contains(place)))
    {
        for call in file
            .format_calls
            .iter()
            .filter(|call| !file.is_test_line(call.line))
        {
            if SQL_WORDS.iter().any(|word| call.literals.contains(word)) {
                findings.push(Finding::new(&file.path, call.line, call.literals.as_str()));
            }
        }
    }
    report(
        &findings,
        "A constant statement is a file in `sql/` or a constant; one that varies is built in `lower/` or a module `sql`.",
    );
}

#[test]
fn lints_are_expected_not_allowed() {
    let findings =
        check(|_, line| line.code.contains("#[allow(") || line.code.contains("#![allow("));
    report(
        &findings,
        "Write `#[expect(lint, reason = \"…\")]`: it complains once it is no longer needed.",
    );
}

#[test]
fn nothing_is_left_unfinished_or_ignored() {
    let unfinished = ["todo!", "unimplemented!", "#[ignore"];
    let mut findings = check(|_, line| unfinished.iter().any(|word| line.code.contains(word)));
    for file in tree()
        .texts
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
    {
        for (number, line) in file.lines() {
            let comment = line.trim_start();
            if comment.starts_with("//") && comment.ends_with("```ignore") {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    "an example that is not tested",
                ));
            }
        }
    }
    report(
        &findings,
        "Finish it; a test of wrong behaviour asserts the wrong behaviour and says why; \
         an example that cannot run is ```no_run or ```text.",
    );
}

#[test]
fn a_note_of_work_to_do_names_its_issue() {
    let mut findings = Vec::new();
    for file in tree()
        .texts
        .iter()
        .filter(|file| !file.path.starts_with("tests/tidy/"))
    {
        for (number, line) in file.lines() {
            let bare = line.replace("TODO(#", "");
            if ["TODO", "FIXME"].iter().any(|word| bare.contains(word)) {
                findings.push(Finding::new(&file.path, number, line.trim()));
            }
        }
    }
    report(
        &findings,
        "Write `TODO(#123): …` with the number of the issue, or do it.",
    );
}

#[test]
fn tests_wait_for_a_condition_and_never_for_time_to_pass() {
    let is_waiting = |file: &RustFile, number: usize| {
        let around = file
            .functions
            .iter()
            .filter(|function| (function.line..function.line + function.lines).contains(&number));
        around
            .into_iter()
            .any(|function| function.name.contains("wait") || function.name.contains("until"))
    };
    let findings = check(|file, line| {
        line.code.contains("sleep(")
            && file.is_test_line(line.number)
            && !is_waiting(file, line.number)
    });
    report(
        &findings,
        "Poll a condition with a deadline in a function named `wait_…` or `…_until`, or pause tokio's clock.",
    );
}
