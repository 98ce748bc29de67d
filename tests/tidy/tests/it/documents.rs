//! What documents and module headings must say.

use std::path::Path;

use tidy::{Finding, report, tree};

#[test]
fn every_crate_is_in_the_code_map() {
    let map = tree()
        .text("ARCHITECTURE.md")
        .expect("there is an ARCHITECTURE.md");
    let words: Vec<&str> = map
        .text
        .split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .collect();
    let missing = tree().manifests.iter().filter(|manifest| {
        manifest.path.starts_with("crates/") && !words.contains(&manifest.package.as_str())
    });
    let findings: Vec<Finding> = missing
        .map(|manifest| {
            Finding::new(
                &manifest.path,
                1,
                format!("{} is not mentioned", manifest.package),
            )
        })
        .collect();
    report(
        &findings,
        "Add a line for it to the code map of ARCHITECTURE.md.",
    );
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = tree().production().filter(|file| !file.has_module_doc);
    let findings: Vec<Finding> = silent
        .map(|file| Finding::new(&file.path, 1, "no `//!`"))
        .collect();
    report(
        &findings,
        "Begin the file with `//!`: what it is for, what it guarantees, what it does not do.",
    );
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut findings = Vec::new();
    for file in tree()
        .texts
        .iter()
        .filter(|file| file.path.ends_with(".md"))
    {
        let folder = Path::new(&file.path)
            .parent()
            .expect("a file lies in a folder");
        for (number, line) in file.lines() {
            for target in
                link_targets(line).filter(|target| !root.join(folder).join(target).exists())
            {
                findings.push(Finding::new(&file.path, number, target));
            }
        }
    }
    report(
        &findings,
        "Correct the path; it is relative to the document.",
    );
}

/// What stands between `](` and `)`, if it is a path: without anchor, not an address.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("](").skip(1);
    let targets = after
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target);
    let paths =
        targets.filter(|target| !target.contains("://") && !target.starts_with(['#', '/', '<']));
    paths
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
}
