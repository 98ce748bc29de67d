//! What is larger than the size guide allows, and how large: `exceptions.txt`, which may only shrink.

/// One line of the list: `<rule> <what> <lines>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub rule: String,
    /// The path of a file, or `<path>::<function>`.
    pub what: String,
    pub lines: usize,
    pub line: usize,
}

/// All of the list.
///
/// # Panics
/// If a line is not of that form.
pub fn exceptions() -> Vec<Exception> {
    parse(include_str!("../exceptions.txt"))
}

fn parse(text: &str) -> Vec<Exception> {
    let mut exceptions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [rule, what, lines] = words[..] else {
            panic!("exceptions.txt:{}: not `<rule> <what> <lines>`", index + 1)
        };
        let lines = lines
            .parse()
            .unwrap_or_else(|error| panic!("exceptions.txt:{}: {lines}: {error}", index + 1));
        exceptions.push(Exception {
            rule: rule.to_owned(),
            what: what.to_owned(),
            lines,
            line: index + 1,
        });
    }
    exceptions
}
