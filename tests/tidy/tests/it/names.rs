//! Names: of crates, modules, files and tests.

use tidy::{Finding, report, tree};

/// Words that say where something was put rather than what it is.
const BANNED: &[&str] = &[
    "common", "core", "helper", "helpers", "manager", "misc", "util", "utils",
];

#[test]
fn crates_and_modules_are_named_after_what_they_are() {
    let mut findings = Vec::new();
    for manifest in &tree().manifests {
        if manifest
            .package
            .split('-')
            .any(|part| BANNED.contains(&part))
        {
            findings.push(Finding::new(
                &manifest.path,
                1,
                format!("crate {}", manifest.package),
            ));
        }
    }
    for file in &tree().rust {
        if file
            .path
            .trim_end_matches(".rs")
            .split('/')
            .any(|part| BANNED.contains(&part))
        {
            findings.push(Finding::new(&file.path, 1, "module"));
        }
    }
    report(
        &findings,
        &format!(
            "Name it with a noun of the domain, not with one of: {}.",
            BANNED.join(", ")
        ),
    );
}

#[test]
fn a_module_with_submodules_is_foo_rs_beside_foo() {
    let mods = tree()
        .rust
        .iter()
        .filter(|file| file.path.ends_with("/mod.rs"));
    let findings: Vec<Finding> = mods
        .map(|file| Finding::new(&file.path, 1, "mod.rs"))
        .collect();
    report(&findings, "Rename `foo/mod.rs` to `foo.rs`.");
}

#[test]
fn the_name_of_a_test_is_a_sentence() {
    let mut findings = Vec::new();
    for file in &tree().rust {
        for function in file.functions.iter().filter(|function| function.is_test) {
            if function.name.starts_with("test_") || !function.name.contains('_') {
                findings.push(Finding::new(
                    &file.path,
                    function.line,
                    function.name.as_str(),
                ));
            }
        }
    }
    report(
        &findings,
        "Say what holds, as in `rejects_a_batch_over_the_limit`; no `test_` before it.",
    );
}

#[test]
fn integration_tests_are_one_binary_per_crate() {
    let mut findings = Vec::new();
    for manifest in &tree().manifests {
        let folder = manifest.path.replace("Cargo.toml", "tests/");
        let is_binary = |path: &str| match path.strip_prefix(&folder) {
            Some(inside) => !inside.contains('/') || inside.ends_with("/main.rs"),
            None => false,
        };
        let binaries = tree().rust.iter().filter(|file| is_binary(&file.path));
        findings.extend(
            binaries
                .skip(1)
                .map(|file| Finding::new(&file.path, 1, "one more test binary")),
        );
    }
    report(
        &findings,
        "Every binary links everything again: make them modules of `tests/it/main.rs`.",
    );
}
