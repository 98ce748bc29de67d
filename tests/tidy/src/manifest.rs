//! One `Cargo.toml`: the name of its package and what it depends on.

use toml::{Table, Value};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    /// In `[dev-dependencies]`: seen by tests alone.
    pub is_dev: bool,
    /// Version and features come from the workspace.
    pub is_inherited: bool,
    pub line: usize,
}

#[derive(Debug)]
pub struct Manifest {
    pub path: String,
    pub package: String,
    pub dependencies: Vec<Dependency>,
    pub inherits_lints: bool,
}

impl Manifest {
    /// # Panics
    /// If the file is not a manifest; cargo says so better.
    pub fn parse(path: &str, text: &str) -> Self {
        let table: Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{path} is not TOML: {error}"));
        let package = string_at(&table, &["package", "name"]).unwrap_or_default();
        let mut dependencies = Vec::new();
        collect(&table, text, &mut dependencies);
        let targets = table.get("target").and_then(Value::as_table);
        for target in targets
            .into_iter()
            .flat_map(|targets| targets.values())
            .filter_map(Value::as_table)
        {
            collect(target, text, &mut dependencies);
        }
        let inherits_lints =
            value_at(&table, &["lints", "workspace"]).and_then(Value::as_bool) == Some(true);
        Self {
            path: path.to_owned(),
            package,
            dependencies,
            inherits_lints,
        }
    }
}

fn collect(table: &Table, text: &str, dependencies: &mut Vec<Dependency>) {
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(entries) = table.get(section).and_then(Value::as_table) else {
            continue;
        };
        for (name, value) in entries {
            let workspace = value.as_table().and_then(|value| value.get("workspace"));
            dependencies.push(Dependency {
                name: name.clone(),
                is_dev: section == "dev-dependencies",
                is_inherited: workspace.and_then(Value::as_bool) == Some(true),
                line: line_of(text, section, name),
            });
        }
    }
}

/// The parser keeps no line numbers, so the line is looked for: after the section's heading.
fn line_of(text: &str, section: &str, name: &str) -> usize {
    let mut lines = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| !line.trim_end().ends_with(&format!("{section}]")));
    let found = lines.find(|(_, line)| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    });
    found.map_or(1, |(index, _)| index + 1)
}

fn value_at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, folders) = path.split_last()?;
    let mut table = table;
    for folder in folders {
        table = table.get(*folder)?.as_table()?;
    }
    table.get(*last)
}

fn string_at(table: &Table, path: &[&str]) -> Option<String> {
    Some(value_at(table, path)?.as_str()?.to_owned())
}
