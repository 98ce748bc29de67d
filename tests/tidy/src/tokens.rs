//! The code of a file without its comments and without what its literals say, line by line; and its format
//! strings apart.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};

/// One line of code: `let a = "b"; // c` is `let a="";`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLine {
    pub number: usize,
    pub code: String,
}

/// A call of `format!` and its kin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatCall {
    pub line: usize,
    /// The string literals among its arguments.
    pub literals: String,
}

const FORMAT_MACROS: &[&str] = &["concat", "format", "format_args", "write", "writeln"];

pub(crate) fn code_lines(tokens: TokenStream) -> Vec<CodeLine> {
    let mut lines = BTreeMap::new();
    append(tokens, &mut lines);
    lines
        .into_iter()
        .map(|(number, code)| CodeLine { number, code })
        .collect()
}

fn append(tokens: TokenStream, lines: &mut BTreeMap<usize, String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let rendered = TokenTree::Group(proc_macro2::Group::new(
                    group.delimiter(),
                    TokenStream::new(),
                ))
                .to_string();
                let (open, close) = rendered.split_at(rendered.len() / 2);
                push(lines, group.span_open().start().line, open.trim());
                append(group.stream(), lines);
                push(lines, group.span_close().start().line, close.trim());
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let shown = if text.starts_with(|c: char| c.is_ascii_digit()) {
                    text.as_str()
                } else {
                    "\"\""
                };
                push(lines, literal.span().start().line, shown);
            }
            other => push(lines, other.span().start().line, &other.to_string()),
        }
    }
}

/// Puts a blank between two words and nothing between other tokens.
fn push(lines: &mut BTreeMap<usize, String>, number: usize, token: &str) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let line = lines.entry(number).or_default();
    if line.ends_with(is_word) && token.starts_with(is_word) {
        line.push(' ');
    }
    line.push_str(token);
}

pub(crate) fn format_calls(tokens: TokenStream) -> Vec<FormatCall> {
    let mut calls = Vec::new();
    collect_format_calls(tokens, &mut calls);
    calls
}

fn collect_format_calls(tokens: TokenStream, calls: &mut Vec<FormatCall>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        if is_format_macro(&tokens[..index]) {
            let literals = group
                .stream()
                .into_iter()
                .filter(|token| matches!(token, TokenTree::Literal(_)));
            let literals: Vec<String> = literals.map(|literal| literal.to_string()).collect();
            calls.push(FormatCall {
                line: group.span_open().start().line,
                literals: literals.join(" "),
            });
        }
        collect_format_calls(group.stream(), calls);
    }
}

fn is_format_macro(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(name), TokenTree::Punct(bang)] => {
            bang.as_char() == '!' && FORMAT_MACROS.contains(&name.to_string().as_str())
        }
        _ => false,
    }
}
