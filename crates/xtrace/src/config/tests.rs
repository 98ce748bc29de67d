use std::collections::BTreeMap;

use super::*;

fn with(env: &[(&str, &str)], file: Option<&str>) -> Loaded {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    read(BTreeMap::new(), env, file)
}

#[test]
fn the_documented_defaults_hold_when_nothing_is_set() {
    let loaded = with(&[], None);
    assert_eq!(loaded.problems, []);
    let config = loaded.config;
    assert_eq!(config.server.bind_addr, "127.0.0.1:8742");
    assert_eq!(config.server.request_bytes_max, 20_971_520);
    assert_eq!(
        (config.server.rate_limit_qps, config.server.rate_limit_burst),
        (20, 40)
    );
    assert_eq!(config.auth.project_id.as_str(), "default");
    assert!(config.auth.bearer_token.is_none() && !config.auth.allow_unauthenticated_compat);
    assert_eq!(config.storage.data_dir.to_str(), Some("./xtrace-data"));
    assert_eq!(
        (config.retention.traces_days, config.retention.metrics_days),
        (0, 0)
    );
    assert!(
        config
            .log
            .filter
            .starts_with("info,tower_http=info,sqlx=warn")
    );
}

#[test]
fn all_problems_are_reported_together_and_name_variable_value_and_expectation() {
    let loaded = with(
        &[
            ("RATE_LIMIT_QPS", "0"),
            ("BIND_ADDR", "nowhere"),
            ("XTRACE_PUBLIC_KEY", "pk"),
            ("DATABASE_URL", "mysql://x"),
        ],
        Some("[server]\nport = 1\n"),
    );
    let texts: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "environment variable BIND_ADDR: \"nowhere\" is not host:port, such as 127.0.0.1:8742",
            "environment variable RATE_LIMIT_QPS: \"0\" is not a whole number of at least 1",
            "XTRACE_PUBLIC_KEY is set but XTRACE_SECRET_KEY is not",
            "environment variable DATABASE_URL: \"mysql://x\" is not a URL that begins with postgresql:// or postgres://",
            "configuration file: unknown key \"server.port\"",
        ]
    );
}

#[test]
fn flags_win_over_environment_over_file() {
    let file = "[server]\nbind_addr = \"1.1.1.1:1\"\nrate_limit_qps = 7\n";
    let env = BTreeMap::from([("BIND_ADDR".to_owned(), "2.2.2.2:2".to_owned())]);
    let loaded = read(BTreeMap::new(), env.clone(), Some(file));
    assert_eq!(loaded.config.server.bind_addr, "2.2.2.2:2");
    assert_eq!(loaded.config.server.rate_limit_qps, 7);
    let flags = BTreeMap::from([("server.bind_addr", "3.3.3.3:3".to_owned())]);
    assert_eq!(
        read(flags, env, Some(file)).config.server.bind_addr,
        "3.3.3.3:3"
    );
}

#[test]
fn langfuse_names_of_keys_are_known_and_empty_variables_count_as_unset() {
    let loaded = with(
        &[
            ("XTRACE_PUBLIC_KEY", ""),
            ("LANGFUSE_PUBLIC_KEY", "pk-lf-1"),
            ("LANGFUSE_SECRET_KEY", "sk-lf-1"),
        ],
        None,
    );
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.config.auth.public_key.as_deref(), Some("pk-lf-1"));
}

#[test]
fn printing_masks_secrets() {
    let loaded = with(
        &[
            ("API_BEARER_TOKEN", "hush"),
            ("DATABASE_URL", "postgres://u:hush@h/d"),
        ],
        None,
    );
    let printed = print(&loaded.resolved);
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("bearer_token = \"***\" # environment variable API_BEARER_TOKEN"));
    let again: toml::Table = printed.parse().unwrap();
    assert!(again.contains_key("server"));
}
