//! The size guide, as far as it is hard. Test modules inside a file are counted apart.

use std::collections::BTreeSet;

use tidy::{Exception, Finding, exceptions, report, tree};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LIB_LINES_MAX: usize = 200;
const README_LINES_MAX: usize = 100;

/// Something measured: what it is called in the list of exceptions, where it is, and how long.
struct Sized {
    name: String,
    path: String,
    line: usize,
    lines: usize,
}

fn files() -> Vec<Sized> {
    let sized = tree().rust.iter().map(|file| Sized {
        name: file.path.clone(),
        path: file.path.clone(),
        line: 1,
        lines: file.production_line_count(),
    });
    sized.collect()
}

fn functions() -> Vec<Sized> {
    let mut sized = Vec::new();
    for file in &tree().rust {
        for function in &file.functions {
            sized.push(Sized {
                name: format!("{}::{}", file.path, function.name),
                path: file.path.clone(),
                line: function.line,
                lines: function.lines,
            });
        }
    }
    sized
}

fn too_long(rule: &str, measured: &[Sized], lines_max: usize) -> Vec<Finding> {
    let excepted: BTreeSet<String> = exceptions()
        .into_iter()
        .filter(|exception| exception.rule == rule)
        .map(|exception| exception.what)
        .collect();
    let long = measured
        .iter()
        .filter(|sized| sized.lines > lines_max && !excepted.contains(&sized.name));
    long.map(|sized| {
        Finding::new(
            &sized.path,
            sized.line,
            format!("{} lines; the limit is {lines_max}", sized.lines),
        )
    })
    .collect()
}

#[test]
fn no_file_is_longer_than_500_lines() {
    report(
        &too_long("file-length", &files(), FILE_LINES_MAX),
        "Split the file by what its parts are about: `foo.rs` and `foo/`, tests in `foo/tests.rs`.",
    );
}

#[test]
fn no_function_is_longer_than_70_lines() {
    report(
        &too_long("function-length", &functions(), FUNCTION_LINES_MAX),
        "Give its steps names: a function for each.",
    );
}

#[test]
fn no_lib_rs_is_longer_than_200_lines() {
    let libs: Vec<Sized> = files()
        .into_iter()
        .filter(|sized| sized.path.ends_with("src/lib.rs"))
        .collect();
    report(
        &too_long("lib-length", &libs, LIB_LINES_MAX),
        "lib.rs is documentation, `mod` and `pub use`; move the rest to modules.",
    );
}

#[test]
fn the_readme_is_at_most_100_lines() {
    let readme = tree().text("README.md").expect("there is a README.md");
    let lines = readme.lines().count();
    assert!(
        lines <= README_LINES_MAX,
        "README.md has {lines} lines; the limit is {README_LINES_MAX}: move what only some readers need to docs/"
    );
}

#[test]
fn the_list_of_exceptions_only_shrinks() {
    let mut findings = Vec::new();
    for exception in exceptions() {
        let (measured, lines_max) = match exception.rule.as_str() {
            "file-length" => (files(), FILE_LINES_MAX),
            "function-length" => (functions(), FUNCTION_LINES_MAX),
            _ => (Vec::new(), 0),
        };
        if let Some(problem) = problem_with(&exception, &measured, lines_max) {
            findings.push(Finding::new(
                "tests/tidy/exceptions.txt",
                exception.line,
                problem,
            ));
        }
    }
    report(
        &findings,
        "Make the list say what is; split what has grown.",
    );
}

fn problem_with(exception: &Exception, measured: &[Sized], lines_max: usize) -> Option<String> {
    let Some(sized) = measured.iter().find(|sized| sized.name == exception.what) else {
        return Some(format!(
            "there is no {} `{}`",
            exception.rule, exception.what
        ));
    };
    if sized.lines <= lines_max {
        return Some(format!("{} is no longer over the limit", exception.what));
    }
    (sized.lines != exception.lines)
        .then(|| format!("{} has {} lines", exception.what, sized.lines))
}
