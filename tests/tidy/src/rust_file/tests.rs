use super::*;

const SOURCE: &str = r##"//! A module.

/// Documented
/// at length.
pub fn visible(a: &str) -> String {
    // std::env::var in a comment
    format!("SELECT {a} FROM t")
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_works() {
        assert_eq!(super::visible("env::var"), "");
    }
}
"##;

#[test]
fn counts_the_lines_of_a_function_without_its_documentation() {
    let file = RustFile::parse("crates/x/src/a.rs", SOURCE);
    let visible = file
        .functions
        .iter()
        .find(|function| function.name == "visible")
        .unwrap();
    assert_eq!(
        (visible.line, visible.lines, visible.is_test),
        (5, 4, false)
    );
}

#[test]
fn counts_test_modules_apart() {
    let file = RustFile::parse("crates/x/src/a.rs", SOURCE);
    assert_eq!((file.line_count, file.production_line_count()), (16, 9));
    assert!(file.is_test_line(12) && !file.is_test_line(5));
}

#[test]
fn sees_neither_comments_nor_literals_as_code() {
    let file = RustFile::parse("crates/x/src/a.rs", SOURCE);
    assert!(!file.code.iter().any(|line| line.code.contains("env")));
    let line = file.code.iter().find(|line| line.number == 5).unwrap();
    assert_eq!(line.code, "pub fn visible(a:&str)->String{");
}

#[test]
fn finds_what_is_said_in_format_strings() {
    let file = RustFile::parse("crates/x/src/a.rs", SOURCE);
    assert_eq!(
        file.format_calls[0],
        FormatCall {
            line: 7,
            literals: r#""SELECT {a} FROM t""#.to_owned()
        }
    );
}

#[test]
fn a_module_declared_for_tests_only_is_another_file() {
    let file = RustFile::parse(
        "crates/x/src/a.rs",
        "#[cfg(test)]\nmod fixtures;\nmod other;\n",
    );
    assert_eq!(file.test_module_paths, ["crates/x/src/a/fixtures"]);
    let root = RustFile::parse("crates/x/src/lib.rs", "#[cfg(test)]\nmod fixtures;\n");
    assert_eq!(root.test_module_paths, ["crates/x/src/fixtures"]);
}

#[test]
fn files_in_test_folders_are_tests() {
    assert!(RustFile::parse("crates/x/tests/it/main.rs", "").is_test);
    assert!(RustFile::parse("crates/x/src/a/tests.rs", "").is_test);
    assert!(!RustFile::parse("crates/x-tests/src/a.rs", "").is_test);
}
