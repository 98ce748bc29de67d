//! What manifests must say.

use tidy::{Finding, report, tree};

#[test]
fn every_dependency_of_the_workspace_has_a_reason() {
    let root = tree().text("Cargo.toml").expect("there is a Cargo.toml");
    let mut findings = Vec::new();
    let mut inside = false;
    let mut before = "";
    for (number, line) in root.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        }
        let is_dependency = inside && line.contains('=') && !line.starts_with(['#', ' ', ']']);
        let is_ours = line.contains("path = \"crates/");
        let has_reason = before.starts_with("# ") && !before.starts_with("# ---");
        if is_dependency && !is_ours && !has_reason {
            findings.push(Finding::new("Cargo.toml", number, line));
        }
        before = line;
    }
    report(
        &findings,
        "Say in a comment above it what it is needed for.",
    );
}

#[test]
fn versions_of_dependencies_are_stated_once() {
    let mut findings = Vec::new();
    for manifest in &tree().manifests {
        // A crate may name itself, to switch on a feature for its tests.
        let others = manifest
            .dependencies
            .iter()
            .filter(|dependency| dependency.name != manifest.package);
        for dependency in others.filter(|dependency| !dependency.is_inherited) {
            findings.push(Finding::new(
                &manifest.path,
                dependency.line,
                dependency.name.as_str(),
            ));
        }
    }
    report(
        &findings,
        "Put it into [workspace.dependencies] of the root and write `name.workspace = true`.",
    );
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let without = tree()
        .manifests
        .iter()
        .filter(|manifest| !manifest.inherits_lints);
    let findings: Vec<Finding> = without
        .map(|manifest| Finding::new(&manifest.path, 1, "no lints"))
        .collect();
    report(&findings, "Add `[lints]` with `workspace = true`.");
}
