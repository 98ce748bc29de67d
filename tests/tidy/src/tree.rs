//! The checkout as the rules see it: its text files, Rust files and manifests, read once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::manifest::Manifest;
use crate::rust_file::RustFile;

/// Folders that hold no source.
const SKIPPED_FOLDERS: &[&str] = &[
    ".duckdb",
    ".git",
    "dist",
    "node_modules",
    "proptest-regressions",
    "snapshots",
    "target",
    "xtrace-data",
];
/// What fuzzing has found: bytes without a name.
const SKIPPED_PATHS: &[&str] = &["fuzz/artifacts", "fuzz/corpus"];
/// Files that people write, by extension; those without one are scripts and the Makefile.
const TEXT_EXTENSIONS: &[&str] = &[
    "", "md", "rs", "sh", "sql", "toml", "ts", "tsx", "txt", "yaml", "yml",
];

#[derive(Debug)]
pub struct TextFile {
    /// Relative to the root of the checkout, with `/`.
    pub path: String,
    pub text: String,
}

impl TextFile {
    /// Every line with its number, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

#[derive(Debug)]
pub struct Tree {
    pub texts: Vec<TextFile>,
    pub rust: Vec<RustFile>,
    /// The root's manifest is not among them: see [`Tree::text`].
    pub manifests: Vec<Manifest>,
}

impl Tree {
    fn read(root: &Path) -> Self {
        let mut texts = Vec::new();
        read_folder(root, root, &mut texts);
        texts.sort_by(|a, b| a.path.cmp(&b.path));
        let mut rust: Vec<RustFile> = Vec::new();
        for file in texts.iter().filter(|file| file.path.ends_with(".rs")) {
            rust.push(RustFile::parse(&file.path, &file.text));
        }
        mark_test_modules(&mut rust);
        let manifests = texts
            .iter()
            .filter(|file| file.path.ends_with("/Cargo.toml"))
            .map(|file| Manifest::parse(&file.path, &file.text))
            .collect();
        Self {
            texts,
            rust,
            manifests,
        }
    }

    /// The text of one file, if it exists.
    pub fn text(&self, path: &str) -> Option<&TextFile> {
        self.texts.iter().find(|file| file.path == path)
    }

    /// Rust files that are not tests.
    pub fn production(&self) -> impl Iterator<Item = &RustFile> {
        self.rust.iter().filter(|file| !file.is_test)
    }
}

/// The tree this crate is part of.
pub fn tree() -> &'static Tree {
    static TREE: OnceLock<Tree> = OnceLock::new();
    TREE.get_or_init(|| Tree::read(&root()))
}

pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("tests/tidy lies two folders below the root")
        .to_path_buf()
}

fn read_folder(root: &Path, folder: &Path, texts: &mut Vec<TextFile>) {
    let entries = fs::read_dir(folder).expect("folders of the checkout are readable");
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("the kind of a file is known");
        if kind.is_dir() {
            let is_skipped = SKIPPED_PATHS
                .iter()
                .any(|skipped| path == root.join(skipped));
            if !is_skipped && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                read_folder(root, &path, texts);
            }
        } else if kind.is_file() && is_text(&path) {
            // What is not UTF-8 is not text, whatever its name.
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            let relative = path.strip_prefix(root).expect("the walk began at the root");
            texts.push(TextFile {
                path: relative.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
}

fn is_text(path: &Path) -> bool {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().into_owned());
    TEXT_EXTENSIONS.contains(&extension.unwrap_or_default().as_str())
}

/// `#[cfg(test)] mod x;` makes another file a test.
fn mark_test_modules(files: &mut [RustFile]) {
    let modules: BTreeSet<String> = files
        .iter()
        .flat_map(|file| file.test_module_paths.clone())
        .collect();
    for file in files {
        let stem = file.path.trim_end_matches(".rs");
        if modules
            .iter()
            .any(|module| stem == module || stem.starts_with(&format!("{module}/")))
        {
            file.is_test = true;
        }
    }
}
