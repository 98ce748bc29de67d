//! Who depends on whom. ARCHITECTURE.md says why.

use tidy::{Dependency, Finding, Manifest, report, tree};

/// A crate may depend on crates of a smaller number. Engines share one, so that they do not see each other.
const LAYERS: &[(&str, u8)] = &[
    ("xtrace-model", 0),
    ("xtrace-payload", 0),
    ("xtrace-query", 1),
    ("xtrace-semconv", 1),
    ("xtrace-store", 2),
    ("xtrace-ingest", 3),
    ("xtrace-store-tests", 3),
    ("xtrace-store-embedded", 3),
    ("xtrace-store-postgres", 3),
    ("xtrace-http", 4),
    ("xtrace", 5),
    ("xtrace-fuzz", 5),
    ("xtrace-bench", 6),
    ("xtrace-fuzz-programs", 6),
];
const ENGINES: &[&str] = &["xtrace-store-embedded", "xtrace-store-postgres"];
const SEE_ENGINES: &[&str] = &["xtrace", "xtrace-bench"];
/// Stand apart: the published SDK, and this crate.
const DEPEND_ON_NONE_OF_OURS: &[&str] = &["tidy", "xtrace-client"];
/// Seen by tests alone.
const FOR_TESTS: &[&str] = &["tidy", "xtrace-fuzz", "xtrace-store-tests"];
/// Are nothing but tests, though they look like libraries and programs.
const ONLY_TEST: &[&str] = &["xtrace-fuzz", "xtrace-fuzz-programs"];

const PURE: &[&str] = &[
    "xtrace-model",
    "xtrace-payload",
    "xtrace-query",
    "xtrace-semconv",
];
/// What a crate without input and output has no use for.
const IO_CRATES: &[&str] = &[
    "async-compression",
    "axum",
    "duckdb",
    "fjall",
    "reqwest",
    "sqlx",
    "tokio",
    "tracing-subscriber",
];
const IO_CODE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "File::open",
];

fn layer(package: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, layer)| *layer)
}

fn is_ours(package: &str) -> bool {
    tree()
        .manifests
        .iter()
        .any(|manifest| manifest.package == package)
}

/// Dependencies among our own crates that `is_wrong` objects to. A crate may name itself, to switch on a feature
/// for its tests.
fn check(is_wrong: impl Fn(&Manifest, &Dependency) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in &tree().manifests {
        for dependency in &manifest.dependencies {
            let is_another_of_ours =
                is_ours(&dependency.name) && dependency.name != manifest.package;
            if is_another_of_ours && is_wrong(manifest, dependency) {
                let what = format!("{} depends on {}", manifest.package, dependency.name);
                findings.push(Finding::new(&manifest.path, dependency.line, what));
            }
        }
    }
    findings
}

#[test]
fn every_crate_has_a_place_in_the_direction_of_dependencies() {
    let known =
        |package: &str| layer(package).is_some() || DEPEND_ON_NONE_OF_OURS.contains(&package);
    let unknown = tree()
        .manifests
        .iter()
        .filter(|manifest| !known(&manifest.package));
    let findings: Vec<Finding> = unknown
        .map(|manifest| {
            Finding::new(
                &manifest.path,
                1,
                format!("{} has no layer", manifest.package),
            )
        })
        .collect();
    report(
        &findings,
        "Give it one in tests/tidy/tests/it/directions.rs, and a line in ARCHITECTURE.md.",
    );
}

#[test]
fn crates_depend_only_on_the_layers_below_them() {
    let findings = check(|manifest, dependency| {
        !dependency.is_dev && layer(&manifest.package) <= layer(&dependency.name)
    });
    report(
        &findings,
        "Move what is needed down, or hand it in from above.",
    );
}

#[test]
fn engines_are_seen_by_the_binary_and_the_benchmark_only() {
    let findings = check(|manifest, dependency| {
        ENGINES.contains(&dependency.name.as_str())
            && !dependency.is_dev
            && !SEE_ENGINES.contains(&manifest.package.as_str())
    });
    report(
        &findings,
        "Work with the traits of xtrace-store; only tests and the composition root know an engine.",
    );
}

#[test]
fn engines_do_not_see_each_other_even_in_tests() {
    let is_engine = |package: &str| ENGINES.contains(&package);
    let findings =
        check(|manifest, dependency| is_engine(&manifest.package) && is_engine(&dependency.name));
    report(
        &findings,
        "What two engines share belongs to xtrace-store, or to xtrace-store-tests.",
    );
}

#[test]
fn crates_for_tests_are_dependencies_of_tests_only() {
    let findings = check(|manifest, dependency| {
        FOR_TESTS.contains(&dependency.name.as_str())
            && !dependency.is_dev
            && !SEE_ENGINES.contains(&manifest.package.as_str())
            && !ONLY_TEST.contains(&manifest.package.as_str())
    });
    report(&findings, "Move it to [dev-dependencies].");
}

#[test]
fn the_client_and_the_rules_depend_on_none_of_our_crates() {
    let findings = check(|manifest, _| DEPEND_ON_NONE_OF_OURS.contains(&manifest.package.as_str()));
    report(
        &findings,
        "The client is published apart from the server; copy the few types it needs.",
    );
}

#[test]
fn pure_crates_do_no_input_and_output() {
    let mut findings = Vec::new();
    for manifest in tree()
        .manifests
        .iter()
        .filter(|manifest| PURE.contains(&manifest.package.as_str()))
    {
        for dependency in manifest
            .dependencies
            .iter()
            .filter(|dependency| !dependency.is_dev)
        {
            if IO_CRATES.contains(&dependency.name.as_str()) {
                findings.push(Finding::new(
                    &manifest.path,
                    dependency.line,
                    dependency.name.as_str(),
                ));
            }
        }
    }
    for file in tree().production() {
        if !PURE
            .iter()
            .any(|package| file.path.starts_with(&format!("crates/{package}/src/")))
        {
            continue;
        }
        for line in file
            .production_code()
            .filter(|line| IO_CODE.iter().any(|code| line.code.contains(code)))
        {
            findings.push(Finding::new(&file.path, line.number, line.code.as_str()));
        }
    }
    report(
        &findings,
        "Pure crates compute; let the caller read and pass what was read.",
    );
}
