//! What a migration must say.

use tidy::{Finding, TextFile, report, tree};

fn migrations() -> impl Iterator<Item = &'static TextFile> {
    tree()
        .texts
        .iter()
        .filter(|file| file.path.starts_with("migrations/") && file.path.ends_with(".sql"))
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let mut findings = Vec::new();
    for (index, file) in migrations().enumerate() {
        let expected = format!("migrations/{:04}_", index + 1);
        if !file.path.starts_with(&expected) {
            findings.push(Finding::new(
                &file.path,
                1,
                format!("expected {expected}….sql"),
            ));
        }
    }
    report(
        &findings,
        "Number it after the one before; one that was released is never renamed or removed.",
    );
}

#[test]
fn every_migration_says_whether_it_is_safe_on_a_live_system() {
    let says = |file: &TextFile| {
        let heading = file.text.lines().take_while(|line| line.starts_with("--"));
        heading
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
            .contains("on a live system")
    };
    let findings: Vec<Finding> = migrations()
        .filter(|file| !says(file))
        .map(|file| Finding::new(&file.path, 1, "does not say"))
        .collect();
    report(
        &findings,
        "Begin it with a comment: `-- Safe on a live system: …`, or not, and why.",
    );
}
