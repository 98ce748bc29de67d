//! `[auth]`: credentials and the project they open.

use xtrace_model::ProjectId;

use super::kinds::{Secret, mask, parse_bool, parse_secret, parse_text, show, show_bool};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct AuthConfig {
    pub bearer_token: Option<Secret>,
    pub public_key: Option<String>,
    pub secret_key: Option<Secret>,
    pub project_id: ProjectId,
    pub allow_unauthenticated_compat: bool,
}

const BEARER_TOKEN: Setting<Secret> = Setting {
    key: "auth.bearer_token",
    env: &["API_BEARER_TOKEN"],
    expected: "a non-empty text",
    doc: "Token for `Authorization: Bearer`. Generated at first start where nothing is configured.",
    parse: parse_secret,
    show: mask,
};

const PUBLIC_KEY: Setting<String> = Setting {
    key: "auth.public_key",
    env: &[
        "XTRACE_PUBLIC_KEY",
        "LANGFUSE_PUBLIC_KEY",
        "LANGFUSE_INIT_PROJECT_PUBLIC_KEY",
    ],
    expected: "a non-empty text without a colon",
    doc: "User name for Basic authentication; Langfuse's public key.",
    parse: |text| parse_text(text).filter(|text| !text.contains(':')),
    show,
};

const SECRET_KEY: Setting<Secret> = Setting {
    key: "auth.secret_key",
    env: &[
        "XTRACE_SECRET_KEY",
        "LANGFUSE_SECRET_KEY",
        "LANGFUSE_INIT_PROJECT_SECRET_KEY",
    ],
    expected: "a non-empty text",
    doc: "Password for Basic authentication; Langfuse's secret key.",
    parse: parse_secret,
    show: mask,
};

const PROJECT_ID: Setting<ProjectId> = Setting {
    key: "auth.project_id",
    env: &["DEFAULT_PROJECT_ID", "LANGFUSE_INIT_PROJECT_ID"],
    expected: "an id of 1 to 256 bytes",
    doc: "The project that the credentials open.",
    parse: |text| ProjectId::new(text).ok(),
    show,
};

const ALLOW_UNAUTHENTICATED_COMPAT: Setting<bool> = Setting {
    key: "auth.allow_unauthenticated_compat",
    env: &["XTRACE_ALLOW_UNAUTHENTICATED_COMPAT"],
    expected: "true or false",
    doc: "For development: without a key pair, list projects and take OTLP traces from anyone.",
    parse: parse_bool,
    show: show_bool,
};

impl AuthConfig {
    pub fn read(reader: &mut Reader) -> Self {
        let default_project = ProjectId::new("default").expect("is a valid id");
        let config = Self {
            bearer_token: reader.optional(&BEARER_TOKEN),
            public_key: reader.optional(&PUBLIC_KEY),
            secret_key: reader.optional(&SECRET_KEY),
            project_id: reader.value(&PROJECT_ID, default_project),
            allow_unauthenticated_compat: reader.value(&ALLOW_UNAUTHENTICATED_COMPAT, false),
        };
        match (&config.public_key, &config.secret_key) {
            (Some(_), None) => {
                reader.problem("XTRACE_PUBLIC_KEY is set but XTRACE_SECRET_KEY is not");
            }
            (None, Some(_)) => {
                reader.problem("XTRACE_SECRET_KEY is set but XTRACE_PUBLIC_KEY is not");
            }
            _ => {}
        }
        config
    }
}
