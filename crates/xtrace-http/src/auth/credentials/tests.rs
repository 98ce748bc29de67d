//! What opens what.

use super::*;

fn bearer(name: &str, project: &str, token: &str) -> Credential {
    Credential {
        name: name.into(),
        project: ProjectId::new(project).unwrap(),
        access: Access::Write,
        key: Key::Bearer(token.into()),
    }
}

fn pair(name: &str, project: &str, (public, secret): (&str, &str)) -> Credential {
    Credential {
        key: Key::Pair {
            public: public.into(),
            secret: secret.into(),
        },
        ..bearer(name, project, "")
    }
}

fn presented(header: &str) -> Presented {
    Presented::parse(&HeaderValue::from_str(header).unwrap())
}

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// The name of the credential that a header presents.
fn found(header: &str) -> Option<String> {
    let credentials = Credentials::new(
        vec![
            bearer("token", "default", "token"),
            pair("keys", "default", ("pk", "sk:1")),
            bearer("new token of a", "a", "new-a"),
            bearer("old token of a", "a", "old-a"),
            pair("keys of b", "b", ("pk-b", "sk-b")),
        ],
        false,
    );
    let caller = credentials.find(&presented(header))?;
    Some(credentials.name(caller).to_owned())
}

#[test]
fn each_credential_is_found_by_its_scheme_in_any_case_and_by_nothing_else() {
    let checks = [
        ("Bearer token".to_owned(), "token"),
        ("bearer   token".to_owned(), "token"),
        (basic("pk:sk:1"), "keys"),
        ("Bearer new-a".to_owned(), "new token of a"),
        ("Bearer old-a".to_owned(), "old token of a"),
        (basic("pk-b:sk-b"), "keys of b"),
    ];
    for (header, name) in checks {
        assert_eq!(found(&header).as_deref(), Some(name), "{header}");
    }
    for wrong in [
        "Bearer",
        "Bearer ",
        "Bearer toke",
        "Bearer pk:sk:1",
        "token",
        "Digest token",
        "Basic !!",
    ] {
        assert_eq!(found(wrong), None, "{wrong}");
    }
    for wrong in ["pk:sk", ":", "token", "pk-b:sk:1"] {
        assert_eq!(found(&basic(wrong)), None, "{wrong}");
    }
}

#[test]
fn empty_credentials_open_nothing() {
    let known = vec![bearer("t", "p", ""), pair("k", "p", ("", ""))];
    let empty = Credentials::new(known, false);
    assert_eq!(empty.find(&Presented::Bearer(Vec::new())), None);
    assert_eq!(empty.find(&presented(&basic(":"))), None);
    assert_eq!(empty.projects().count(), 0);
}

#[test]
fn the_compatibility_mode_takes_anyone_but_wrong_tokens_and_ends_with_a_key_pair() {
    let open = Credentials::new(vec![bearer("t", "p", "token")], true);
    assert!(open.is_open_to(None));
    assert!(open.is_open_to(Some(&presented(&basic("any:one")))));
    assert!(!open.is_open_to(Some(&presented("Bearer wrong"))));
    let with_keys = Credentials::new(vec![pair("k", "p", ("p", "s"))], true);
    assert!(!with_keys.is_open_to(None));
}

#[test]
fn nothing_shows_a_secret() {
    let credentials = Credentials::new(
        vec![bearer("t", "p", "hush"), pair("k", "p", ("pk", "hush"))],
        false,
    );
    assert!(!format!("{credentials:?}").contains("hush"));
}
