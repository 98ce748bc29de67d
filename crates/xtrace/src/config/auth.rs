//! `[auth]`: credentials, and the project that each opens.

mod projects;

use xtrace_http::{Access, Credential, Key};
use xtrace_model::ProjectId;

use super::kinds::{Secret, mask, parse_bool, parse_secret, parse_text, show, show_bool};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct AuthConfig {
    pub bearer_token: Option<Secret>,
    pub read_bearer_token: Option<Secret>,
    pub public_key: Option<String>,
    pub secret_key: Option<Secret>,
    /// Those that name their project.
    pub of_projects: Vec<Credential>,
    pub project_id: ProjectId,
    pub allow_unauthenticated_compat: bool,
}

/// A shorter secret is warned of.
const SECRET_CHARS_MIN: usize = 16;

const BEARER_TOKEN: Setting<Secret> = Setting {
    key: "auth.bearer_token",
    env: &["API_BEARER_TOKEN"],
    expected: "a non-empty text",
    doc: "Token for `Authorization: Bearer`. Generated at first start where nothing is configured.",
    parse: parse_secret,
    show: mask,
};

const READ_BEARER_TOKEN: Setting<Secret> = Setting {
    key: "auth.read_bearer_token",
    env: &["API_READ_BEARER_TOKEN"],
    expected: "a non-empty text",
    doc: "Token for `Authorization: Bearer` that reads only.",
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

const PROJECT_TOKENS: Setting<Secret> = Setting {
    key: "auth.project_tokens",
    env: &[projects::TOKENS],
    expected: projects::TOKENS_EXPECTED,
    doc: "Tokens of several projects: project:write_token[:read_token], separated by commas. A project may have \
        several entries: add the new token, change the clients, take the old one away.",
    parse: parse_secret,
    show: mask,
};

const PROJECT_BASIC_AUTH: Setting<Secret> = Setting {
    key: "auth.project_basic_auth",
    env: &[projects::PAIRS],
    expected: projects::PAIRS_EXPECTED,
    doc: "Key pairs of several projects: project:public_key:secret_key, separated by commas. A project may have \
        several entries.",
    parse: parse_secret,
    show: mask,
};

const PROJECT_EXPECTED: &str = "an id of 1 to 256 bytes";

const PROJECT_ID: Setting<ProjectId> = Setting {
    key: "auth.project_id",
    env: &["DEFAULT_PROJECT_ID", "LANGFUSE_INIT_PROJECT_ID"],
    expected: PROJECT_EXPECTED,
    doc: "The project that credentials open which name none.",
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
        let mut config = Self {
            bearer_token: reader.optional(&BEARER_TOKEN),
            read_bearer_token: reader.optional(&READ_BEARER_TOKEN),
            public_key: reader.optional(&PUBLIC_KEY),
            secret_key: reader.optional(&SECRET_KEY),
            of_projects: Vec::new(),
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
        if let Some(list) = reader.optional(&PROJECT_TOKENS) {
            config.of_projects.extend(projects::tokens(reader, &list));
        }
        if let Some(list) = reader.optional(&PROJECT_BASIC_AUTH) {
            config.of_projects.extend(projects::pairs(reader, &list));
        }
        projects::check_unambiguous(reader, &config.credentials());
        config
    }

    /// What is weak, or of little use.
    pub fn warnings(&self) -> Vec<String> {
        let all = self.credentials();
        let is_short = |one: &&Credential| one.key.secret().chars().count() < SECRET_CHARS_MIN;
        let short: Vec<&str> = all
            .iter()
            .filter(is_short)
            .map(|one| one.name.as_str())
            .collect();
        let mut warnings = Vec::new();
        if !short.is_empty() {
            warnings.push(format!(
                "secrets of fewer than {SECRET_CHARS_MIN} characters can be guessed: {}",
                short.join("; ")
            ));
        }
        if !all.is_empty() && all.iter().all(|one| one.access == Access::Read) {
            warnings.push("no configured credential may write".to_owned());
        }
        warnings
    }

    /// All that are configured.
    pub fn credentials(&self) -> Vec<Credential> {
        let of_default = |name: &str, access, key| Credential {
            name: name.to_owned(),
            project: self.project_id.clone(),
            access,
            key,
        };
        let token = |secret: &Secret| Key::Bearer(secret.reveal().to_owned());
        let mut all = Vec::new();
        if let Some(secret) = &self.bearer_token {
            all.push(of_default(
                BEARER_TOKEN.env[0],
                Access::Write,
                token(secret),
            ));
        }
        if let Some(secret) = &self.read_bearer_token {
            let name = READ_BEARER_TOKEN.env[0];
            all.push(of_default(name, Access::Read, token(secret)));
        }
        if let (Some(public), Some(secret)) = (&self.public_key, &self.secret_key) {
            let (public, secret) = (public.clone(), secret.reveal().to_owned());
            let key = Key::Pair { public, secret };
            all.push(of_default(SECRET_KEY.env[0], Access::Write, key));
        }
        all.extend(self.of_projects.iter().cloned());
        all
    }
}
