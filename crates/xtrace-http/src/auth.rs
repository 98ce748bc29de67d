//! Who may do what: the extractor that is the only maker of a scope.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq as _;
use tokio::sync::OwnedSemaphorePermit;
use xtrace_store::ProjectScope;

use crate::app::App;
use crate::error::ApiError;

/// The credentials that open the project. Empty ones are none.
#[derive(Clone, Default)]
pub struct Credentials {
    pub bearer_token: Option<String>,
    /// Public and secret key.
    pub key_pair: Option<(String, String)>,
    /// Without a key pair, [`Open`] routes take anyone who does not present a wrong token
    /// (contracts/xtrace.md §1.0).
    pub allow_unauthenticated_compat: bool,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// What a route needs.
pub trait Permission: Send {
    /// Counted by the rate limiter.
    const IS_LIMITED: bool = false;
    /// Open to anyone in the compatibility mode.
    const IS_OPEN: bool = false;
}

/// Reads telemetry; rate-limited, and so many at once.
pub struct Read;
/// Writes or deletes telemetry.
pub struct Write;
/// Says who the caller is.
pub struct Open;
/// Looks after the server itself.
pub struct Operate;

impl Permission for Read {
    const IS_LIMITED: bool = true;
}
impl Permission for Write {}
impl Permission for Operate {}
impl Permission for Open {
    const IS_OPEN: bool = true;
}

/// Proof that the caller may do `P` in the project of its scope.
pub struct ProjectAuth<P> {
    scope: ProjectScope,
    /// A read's turn, held until its handler is done.
    _turn: Option<OwnedSemaphorePermit>,
    permission: PhantomData<P>,
}

impl<P> ProjectAuth<P> {
    pub fn scope(&self) -> &ProjectScope {
        &self.scope
    }
}

impl<P: Permission> FromRequestParts<App> for ProjectAuth<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let credentials = &app.options().credentials;
        let presented = parts
            .headers
            .get(AUTHORIZATION)
            .map(|value| Presented::parse(value.as_bytes()));
        let caller = match &presented {
            Some(presented) => credentials.caller(presented),
            None => None,
        };
        let is_open = P::IS_OPEN && credentials.is_open_to(presented.as_ref());
        if caller.is_none() && !is_open {
            return Err(ApiError::unauthorized());
        }
        if P::IS_LIMITED
            && let Some(caller) = caller
        {
            app.limiter().check(caller, app.now())?;
        }
        let turn = if P::IS_LIMITED {
            Some(app.turn().await?)
        } else {
            None
        };
        let scope = ProjectScope::new(app.options().project.clone());
        Ok(Self {
            scope,
            _turn: turn,
            permission: PhantomData,
        })
    }
}

/// Which credential was used: what the rate limiter counts by. It tells nothing of the credential itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    BearerToken,
    KeyPair,
}

impl Caller {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BearerToken => "bearer token",
            Self::KeyPair => "key pair",
        }
    }
}

/// What a request presents. Schemes are compared without regard to case.
enum Presented {
    Bearer(Vec<u8>),
    Basic(Vec<u8>),
    Other,
}

impl Presented {
    fn parse(value: &[u8]) -> Self {
        let Some(space) = value.iter().position(|byte| *byte == b' ') else {
            return Self::Other;
        };
        let (scheme, rest) = value.split_at(space);
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return Self::Bearer(rest.to_vec());
        }
        if scheme.eq_ignore_ascii_case(b"basic")
            && let Ok(pair) = BASE64_STANDARD.decode(rest)
        {
            return Self::Basic(pair);
        }
        Self::Other
    }
}

impl Credentials {
    fn caller(&self, presented: &Presented) -> Option<Caller> {
        match presented {
            Presented::Bearer(token) => {
                let expected = self
                    .bearer_token
                    .as_deref()
                    .filter(|token| !token.is_empty())?;
                is_same(token, expected.as_bytes()).then_some(Caller::BearerToken)
            }
            Presented::Basic(pair) => {
                let (public, secret) = self.keys()?;
                let expected = format!("{public}:{secret}");
                is_same(pair, expected.as_bytes()).then_some(Caller::KeyPair)
            }
            Presented::Other => None,
        }
    }

    /// A pair with an empty half is none.
    fn keys(&self) -> Option<&(String, String)> {
        let keys = self.key_pair.as_ref();
        keys.filter(|(public, secret)| !public.is_empty() && !secret.is_empty())
    }

    fn is_open_to(&self, presented: Option<&Presented>) -> bool {
        let is_on = self.allow_unauthenticated_compat && self.keys().is_none();
        is_on && !matches!(presented, Some(Presented::Bearer(_)))
    }
}

/// In constant time for texts of one length.
fn is_same(presented: &[u8], expected: &[u8]) -> bool {
    presented.ct_eq(expected).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(header: &str) -> Option<Caller> {
        let credentials = Credentials {
            bearer_token: Some("token".into()),
            key_pair: Some(("pk".into(), "sk:1".into())),
            allow_unauthenticated_compat: false,
        };
        credentials.caller(&Presented::parse(header.as_bytes()))
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    #[test]
    fn knows_both_schemes_in_any_case_and_nothing_else() {
        assert_eq!(caller("Bearer token"), Some(Caller::BearerToken));
        assert_eq!(caller("bearer   token"), Some(Caller::BearerToken));
        assert_eq!(caller(&basic("pk:sk:1")), Some(Caller::KeyPair));
        for wrong in [
            "Bearer",
            "Bearer ",
            "Bearer toke",
            "token",
            "Digest token",
            "Basic !!",
        ] {
            assert_eq!(caller(wrong), None, "{wrong}");
        }
        assert_eq!(caller(&basic("pk:sk")), None);
        assert_eq!(caller(&basic(":")), None);
    }

    #[test]
    fn empty_credentials_open_nothing() {
        let empty = Credentials {
            bearer_token: Some(String::new()),
            key_pair: Some((String::new(), String::new())),
            allow_unauthenticated_compat: false,
        };
        assert_eq!(empty.caller(&Presented::Bearer(Vec::new())), None);
        assert_eq!(empty.caller(&Presented::Basic(b":".to_vec())), None);
    }

    #[test]
    fn the_compatibility_mode_takes_anyone_but_wrong_tokens() {
        let open = Credentials {
            allow_unauthenticated_compat: true,
            ..Credentials::default()
        };
        assert!(open.is_open_to(None));
        assert!(open.is_open_to(Some(&Presented::Basic(b"any:one".to_vec()))));
        assert!(!open.is_open_to(Some(&Presented::Bearer(b"wrong".to_vec()))));
        let with_keys = Credentials {
            key_pair: Some(("p".into(), "s".into())),
            ..open
        };
        assert!(!with_keys.is_open_to(None));
    }
}
