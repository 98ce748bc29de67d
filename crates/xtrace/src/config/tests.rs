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
    assert_eq!(config.retention.interval_hours, 24);
    assert_eq!(loaded.warnings, [""; 0]);
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
            ("DATABASE_URL", "mysql://u:hu@sh@h/d"),
            ("XTRACE_METRICS_MAX_LABEL_VALUE_LEN", "0"),
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
            "environment variable DATABASE_URL: \"mysql://***@h/d\" is not a URL that begins with postgresql:// or postgres://",
            "environment variable XTRACE_METRICS_MAX_LABEL_VALUE_LEN: \"0\" is not a whole number of bytes of at least 1",
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

mod credentials {
    //! Credentials of several projects.

    use xtrace_http::Access;

    use super::*;

    fn problems(env: &[(&str, &str)]) -> Vec<String> {
        let loaded = with(env, None);
        loaded.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_opens_its_own_project_with_its_own_permission() {
        let loaded = with(
            &[
                ("DEFAULT_PROJECT_ID", "main"),
                ("API_BEARER_TOKEN", "t"),
                ("API_READ_BEARER_TOKEN", "r"),
                ("XTRACE_PROJECT_TOKENS", "a:new:reading, a:old:reading,b:w,"),
                ("XTRACE_PROJECT_BASIC_AUTH", "b:pk:sk"),
            ],
            None,
        );
        assert_eq!(loaded.problems, []);
        let credentials = loaded.config.auth.credentials();
        let shown: Vec<_> = credentials
            .iter()
            .map(|one| (one.name.as_str(), one.project.as_str(), one.access))
            .collect();
        let (read, write) = (Access::Read, Access::Write);
        assert_eq!(
            shown,
            [
                ("API_BEARER_TOKEN", "main", write),
                ("API_READ_BEARER_TOKEN", "main", read),
                ("XTRACE_PROJECT_TOKENS, entry 1, write token", "a", write),
                ("XTRACE_PROJECT_TOKENS, entry 1, read token", "a", read),
                ("XTRACE_PROJECT_TOKENS, entry 2, write token", "a", write),
                ("XTRACE_PROJECT_TOKENS, entry 2, read token", "a", read),
                ("XTRACE_PROJECT_TOKENS, entry 3, write token", "b", write),
                ("XTRACE_PROJECT_BASIC_AUTH, entry 1", "b", write),
            ]
        );
    }

    #[test]
    fn all_wrong_entries_are_named_by_their_position_and_none_is_shown() {
        let long = "p".repeat(300);
        let texts = problems(&[
            (
                "XTRACE_PROJECT_TOKENS",
                &format!("a:hush,hush,b::hush,c:hush:x:y,{long}:hush:x"),
            ),
            (
                "XTRACE_PROJECT_BASIC_AUTH",
                "a:hush,a:pk:hush:more,:pk:hush",
            ),
        ]);
        let tokens = "project:write_token or project:write_token:read_token";
        let expected = [
            format!("XTRACE_PROJECT_TOKENS, entry 2 is not {tokens}"),
            format!("XTRACE_PROJECT_TOKENS, entry 3 is not {tokens}"),
            format!("XTRACE_PROJECT_TOKENS, entry 4 is not {tokens}"),
            "XTRACE_PROJECT_TOKENS, entry 5: the project is not an id of 1 to 256 bytes".to_owned(),
            "XTRACE_PROJECT_BASIC_AUTH, entry 1 is not project:public_key:secret_key".to_owned(),
            "XTRACE_PROJECT_BASIC_AUTH, entry 2 is not project:public_key:secret_key".to_owned(),
            "XTRACE_PROJECT_BASIC_AUTH, entry 3 is not project:public_key:secret_key".to_owned(),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_key_that_would_mean_two_things_is_a_problem() {
        let same = |later: &str, earlier: &str| {
            format!("{later} is the same as {earlier}; each opens one project, to write or to read")
        };
        let texts = problems(&[
            ("API_BEARER_TOKEN", "t"),
            ("API_READ_BEARER_TOKEN", "t"),
            ("XTRACE_PROJECT_TOKENS", "a:x,b:x,a:y:y"),
            ("XTRACE_PROJECT_BASIC_AUTH", "a:pk:one,a:pk:two,b:pk:three"),
        ]);
        let entry = "XTRACE_PROJECT_TOKENS, entry";
        let pair = "XTRACE_PROJECT_BASIC_AUTH, entry";
        let expected = [
            same("API_READ_BEARER_TOKEN", "API_BEARER_TOKEN"),
            same(
                &format!("{entry} 2, write token"),
                &format!("{entry} 1, write token"),
            ),
            same(
                &format!("{entry} 3, read token"),
                &format!("{entry} 3, write token"),
            ),
            same(&format!("{pair} 3"), &format!("{pair} 1")),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn short_secrets_are_warned_of_in_one_line_that_does_not_show_them() {
        let long = "sixteen-letters!";
        let tokens = format!("a:{long}:hush,b:{long}-b");
        let env = [
            ("API_BEARER_TOKEN", "hush-hush"),
            ("XTRACE_PUBLIC_KEY", "pk"),
            ("XTRACE_SECRET_KEY", "hush"),
            ("XTRACE_PROJECT_TOKENS", &tokens),
        ];
        let warning = "secrets of fewer than 16 characters can be guessed: API_BEARER_TOKEN; \
            XTRACE_SECRET_KEY; XTRACE_PROJECT_TOKENS, entry 1, read token";
        assert_eq!(with(&env, None).warnings, [warning]);
    }

    #[test]
    fn a_server_that_nobody_can_write_to_is_warned_of() {
        let env = [("API_READ_BEARER_TOKEN", "sixteen-letters!")];
        let warnings = with(&env, None).warnings;
        assert_eq!(warnings, ["no configured credential may write"]);
    }

    #[test]
    fn lists_are_masked_when_printed() {
        let list = ("XTRACE_PROJECT_TOKENS", "a:hush,b:hush-too");
        let printed = print(&with(&[list], None).resolved);
        assert!(!printed.contains("hush"), "{printed}");
        assert!(printed.contains("project_tokens = \"***\""), "{printed}");
    }
}
