//! Where settings come from: flags > environment > file > default, and what is wrong with them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// What a setting is called, and how it is read.
pub struct Setting<T> {
    /// `section.name` in the configuration file.
    pub key: &'static str,
    /// Environment variables, the first that is set wins.
    pub env: &'static [&'static str],
    /// What a value must be, for the error message.
    pub expected: &'static str,
    /// One sentence for the reference.
    pub doc: &'static str,
    pub parse: fn(&str) -> Option<T>,
    pub show: fn(&T) -> String,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Variable(String),
    File,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File => f.write_str("configuration file"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Something wrong with the configuration; all are reported together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A setting as it was resolved, for `xtrace config print`. Secrets are masked.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub key: &'static str,
    pub env: &'static [&'static str],
    pub doc: &'static str,
    pub value: Option<String>,
    pub origin: Origin,
}

/// Reads settings from all sources and collects problems.
pub struct Reader {
    flags: BTreeMap<&'static str, String>,
    env: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    problems: Vec<Problem>,
    resolved: Vec<Resolved>,
}

/// A refused value is shown, but never the password within a URL.
fn without_password(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Cow::Borrowed(text);
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => Cow::Owned(format!("{scheme}://***@{place}")),
        None => Cow::Borrowed(text),
    }
}

impl Reader {
    /// `flags` by key; `env` is the process environment; `file` the text of the configuration file.
    pub fn new(
        flags: BTreeMap<&'static str, String>,
        env: BTreeMap<String, String>,
        file: Option<&str>,
    ) -> Self {
        let mut reader = Self {
            flags,
            env,
            file: BTreeMap::new(),
            problems: Vec::new(),
            resolved: Vec::new(),
        };
        if let Some(text) = file {
            reader.read_file(text);
        }
        reader
    }

    /// The value of a setting, or the default where none is given or it is wrong (which is noted).
    pub fn value<T>(&mut self, setting: &Setting<T>, default: T) -> T {
        let (value, origin) = self.find(setting);
        let value = value.unwrap_or(default);
        let shown = Some((setting.show)(&value));
        self.note(setting, shown, origin);
        value
    }

    /// The value of a setting that has no default.
    pub fn optional<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        let (value, origin) = self.find(setting);
        self.note(setting, value.as_ref().map(setting.show), origin);
        value
    }

    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(Problem(text.into()));
    }

    /// Ends reading: keys of the file that nobody asked for are problems, too.
    pub fn finish(mut self) -> (Vec<Resolved>, Vec<Problem>) {
        for key in self.file.keys() {
            if !self.resolved.iter().any(|resolved| resolved.key == key) {
                self.problems
                    .push(Problem(format!("configuration file: unknown key {key:?}")));
            }
        }
        (self.resolved, self.problems)
    }

    fn note<T>(&mut self, setting: &Setting<T>, value: Option<String>, origin: Origin) {
        let Setting { key, env, doc, .. } = *setting;
        self.resolved.push(Resolved {
            key,
            env,
            doc,
            value,
            origin,
        });
    }

    fn find<T>(&mut self, setting: &Setting<T>) -> (Option<T>, Origin) {
        let Some((text, origin)) = self.text(setting) else {
            return (None, Origin::Default);
        };
        let value = (setting.parse)(text.trim());
        if value.is_none() {
            let name = match &origin {
                Origin::Variable(name) => format!("environment variable {name}"),
                Origin::Flag => format!("flag for {}", setting.key),
                _ => format!("configuration file: {}", setting.key),
            };
            let shown: String = without_password(&text).chars().take(80).collect();
            self.problem(format!("{name}: {shown:?} is not {}", setting.expected));
        }
        (value, origin)
    }

    fn text<T>(&mut self, setting: &Setting<T>) -> Option<(String, Origin)> {
        if let Some(text) = self.flags.get(setting.key) {
            return Some((text.clone(), Origin::Flag));
        }
        for name in setting.env {
            // An empty variable is what compose files make of an unset one.
            if let Some(text) = self.env.get(*name).filter(|text| !text.trim().is_empty()) {
                return Some((text.clone(), Origin::Variable((*name).to_owned())));
            }
            let file_name = format!("{name}_FILE");
            if let Some(path) = self
                .env
                .get(&file_name)
                .filter(|path| !path.is_empty())
                .cloned()
            {
                match std::fs::read_to_string(&path) {
                    Ok(text) => return Some((text, Origin::Variable(file_name))),
                    Err(error) => self.problem(format!(
                        "environment variable {file_name}: cannot read {path:?}: {error}"
                    )),
                }
            }
        }
        let text = self.file.get(setting.key)?;
        Some((text.clone(), Origin::File))
    }

    fn read_file(&mut self, text: &str) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return self.problem(format!("configuration file: {error}")),
        };
        for (section, value) in table {
            let toml::Value::Table(values) = value else {
                self.problem(format!("configuration file: unknown key {section:?}"));
                continue;
            };
            for (name, value) in values {
                let text = match value {
                    toml::Value::String(text) => text,
                    toml::Value::Array(items) => {
                        let items = items
                            .iter()
                            .map(|item| item.as_str().map_or(item.to_string(), str::to_owned));
                        items.collect::<Vec<_>>().join(",")
                    }
                    other => other.to_string(),
                };
                self.file.insert(format!("{section}.{name}"), text);
            }
        }
    }
}
