//! `[log]`: what is logged, and how.

use super::kinds::{parse_text, show};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct LogConfig {
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
}

const FILTER: Setting<String> = Setting {
    key: "log.filter",
    env: &["RUST_LOG"],
    expected: "a log filter, such as info,tower_http=info,sqlx=warn",
    doc: "Which log lines are written.",
    parse: |text| {
        text.parse::<tracing_subscriber::EnvFilter>()
            .ok()
            .and_then(|_| parse_text(text))
    },
    show,
};

const FORMAT: Setting<String> = Setting {
    key: "log.format",
    env: &["XTRACE_LOG_FORMAT"],
    expected: "text or json",
    doc: "Form of log lines.",
    parse: |text| parse_text(text).filter(|text| ["text", "json"].contains(&text.as_str())),
    show,
};

impl LogConfig {
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            filter: reader.value(
                &FILTER,
                "info,tower_http=info,sqlx=warn,fjall=warn,lsm_tree=warn".to_owned(),
            ),
            format: reader.value(&FORMAT, "text".to_owned()),
        }
    }
}
