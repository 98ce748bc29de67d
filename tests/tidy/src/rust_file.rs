//! One Rust file: its functions, which of its lines are tests, and its code without comments.

use std::ops::RangeInclusive;

use proc_macro2::TokenStream;
use syn::visit::{self, Visit};

use crate::tokens::{self, CodeLine, FormatCall};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    /// From the signature to the closing brace; doc comments and attributes are not counted.
    pub lines: usize,
    /// Carries `#[test]` or an attribute of that name, such as `#[tokio::test]`.
    pub is_test: bool,
}

#[derive(Debug)]
pub struct RustFile {
    pub path: String,
    /// The whole file is tests: by its name, its folder or the module that declares it.
    pub is_test: bool,
    pub line_count: usize,
    pub has_module_doc: bool,
    pub functions: Vec<Function>,
    pub code: Vec<CodeLine>,
    pub format_calls: Vec<FormatCall>,
    /// Files, without `.rs`, that this one declares as modules for tests only.
    pub(crate) test_module_paths: Vec<String>,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl RustFile {
    /// # Panics
    /// If the file is not Rust; the compiler says so better.
    pub fn parse(path: &str, text: &str) -> Self {
        let stream: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        let file =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        let mut items = Items {
            folder: module_folder(path),
            ..Items::default()
        };
        items.visit_file(&file);
        Self {
            path: path.to_owned(),
            is_test: is_test_path(path),
            line_count: text.lines().count(),
            has_module_doc: file
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("doc")),
            functions: items.functions,
            code: tokens::code_lines(stream.clone()),
            format_calls: tokens::format_calls(stream),
            test_module_paths: items.test_module_paths,
            test_lines: items.test_lines,
        }
    }

    /// Whether the line belongs to a test module inside the file, or the whole file is tests.
    pub fn is_test_line(&self, line: usize) -> bool {
        self.is_test || self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// Lines of the file without those of its test modules.
    pub fn production_line_count(&self) -> usize {
        let tests: usize = self
            .test_lines
            .iter()
            .map(|range| range.end() - range.start() + 1)
            .sum();
        self.line_count - tests
    }

    /// Code that is not test code.
    pub fn production_code(&self) -> impl Iterator<Item = &CodeLine> {
        self.code
            .iter()
            .filter(|line| !self.is_test_line(line.number))
    }

    /// Whether the path begins with one of these folders or files.
    pub fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

fn is_test_path(path: &str) -> bool {
    let mut parts = path.trim_end_matches(".rs").split('/');
    parts.any(|part| part == "tests" || part == "benches")
}

/// Where the modules that a file declares are: `src/foo.rs` has them in `src/foo/`, `src/lib.rs` in `src/`.
fn module_folder(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    if matches!(name, "lib" | "main" | "mod") {
        folder.to_owned()
    } else {
        stem.to_owned()
    }
}

#[derive(Default)]
struct Items {
    folder: String,
    functions: Vec<Function>,
    test_lines: Vec<RangeInclusive<usize>>,
    test_module_paths: Vec<String>,
}

impl Items {
    fn add_function(
        &mut self,
        attributes: &[syn::Attribute],
        signature: &syn::Signature,
        block: &syn::Block,
    ) {
        let line = signature.fn_token.span.start().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: block.brace_token.span.close().start().line - line + 1,
            is_test: attributes.iter().any(is_test_attribute),
        });
    }
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add_function(&item.attrs, &item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add_function(&item.attrs, &item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add_function(&item.attrs, &item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if let Some(attribute) = item.attrs.iter().find(|attribute| is_cfg_test(attribute)) {
            if let Some((brace, _)) = &item.content {
                let first = attribute.pound_token.span.start().line;
                self.test_lines
                    .push(first..=brace.span.close().start().line);
            } else {
                self.test_module_paths
                    .push(format!("{}/{}", self.folder, item.ident));
            }
        }
        visit::visit_item_mod(self, item);
    }
}

fn is_test_attribute(attribute: &syn::Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "test")
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}

#[cfg(test)]
mod tests;
