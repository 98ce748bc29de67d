//! What is printed at start: where to go, and what each kind of client sets.

use std::fmt::Write as _;

use crate::credentials::Credentials;

/// The text. `generated` credentials are shown; configured ones only by name, for they are known already.
pub fn render(url: &str, store: &str, credentials: &Credentials) -> String {
    let is_generated = credentials.file.is_some();
    let reveal = |text: &str, variable: &str| {
        if is_generated {
            text.to_owned()
        } else {
            format!("${variable}")
        }
    };
    let mut text = String::new();
    _ = writeln!(text, "\n  xtrace {} is ready\n", env!("CARGO_PKG_VERSION"));
    _ = writeln!(text, "  URL      {url}");
    _ = writeln!(text, "  Store    {store}");
    let token = credentials
        .bearer_token
        .as_ref()
        .map(|token| reveal(token.reveal(), "API_BEARER_TOKEN"));
    let keys = credentials.key_pair.as_ref().map(|(public, secret)| {
        (
            reveal(public, "XTRACE_PUBLIC_KEY"),
            reveal(secret.reveal(), "XTRACE_SECRET_KEY"),
        )
    });
    if let Some(token) = &token {
        _ = writeln!(text, "  Token    {token}");
    }
    if let Some((public, secret)) = &keys {
        _ = writeln!(text, "  Keys     {public} / {secret}");
    }
    if let Some(file) = &credentials.file {
        _ = writeln!(text, "           (generated, kept in {})", file.display());
    }
    let auth = match (&token, &keys) {
        (Some(token), _) => format!("-H \"Authorization: Bearer {token}\""),
        (None, Some((public, secret))) => format!("-u \"{public}:{secret}\""),
        (None, None) => {
            _ = writeln!(
                text,
                "  Token    as configured; $TOKEN below is one that writes"
            );
            "-H \"Authorization: Bearer $TOKEN\"".to_owned()
        }
    };
    _ = writeln!(text, "\n  Store a trace and see it:\n");
    _ = writeln!(
        text,
        "    curl {url}/v1/l/batch {auth} -H 'Content-Type: application/json' \\"
    );
    _ = writeln!(
        text,
        "      -d '{{\"trace\":{{\"id\":\"hello\",\"name\":\"hello xtrace\",\"input\":\"hi\",\"output\":\"hello\"}}}}'"
    );
    _ = writeln!(text, "    curl {url}/api/public/traces/hello {auth}");
    if let Some((public, secret)) = &keys {
        _ = writeln!(text, "\n  Langfuse SDKs:\n");
        _ = writeln!(text, "    export LANGFUSE_HOST={url}");
        _ = writeln!(text, "    export LANGFUSE_PUBLIC_KEY={public}");
        _ = writeln!(text, "    export LANGFUSE_SECRET_KEY={secret}");
    }
    if let Some(token) = &token {
        _ = writeln!(text, "\n  OpenTelemetry SDKs:\n");
        _ = writeln!(text, "    export OTEL_EXPORTER_OTLP_ENDPOINT={url}");
        _ = writeln!(
            text,
            "    export OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer%20{token}\""
        );
    }
    text
}
