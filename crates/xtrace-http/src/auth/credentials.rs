//! What callers present, and what it opens. Nothing here tells a secret: credentials are known by the name of the
//! setting they come from.

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use xtrace_model::ProjectId;

/// Something that opens a project.
#[derive(Clone)]
pub struct Credential {
    /// The setting it comes from: what figures and the log call it.
    pub name: String,
    pub project: ProjectId,
    pub access: Access,
    pub key: Key,
}

/// What a credential may do in its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// Reads as well.
    Write,
}

/// What a caller presents.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    Bearer(String),
    Pair { public: String, secret: String },
}

impl Key {
    /// The part that nobody must guess.
    pub fn secret(&self) -> &str {
        match self {
            Self::Bearer(secret) | Self::Pair { secret, .. } => secret,
        }
    }

    /// A key with an empty part would open the project to anyone.
    fn is_whole(&self) -> bool {
        match self {
            Self::Bearer(token) => !token.is_empty(),
            Self::Pair { public, secret } => !public.is_empty() && !secret.is_empty(),
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}, ***)", self.name)
    }
}

/// All that open something. Those with an empty part are none.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    known: Vec<Credential>,
    allow_unauthenticated_compat: bool,
}

/// Which credential was used: what the rate limiter counts by. It tells nothing of the credential itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller(u32);

impl Credentials {
    /// Without a key pair, `allow_unauthenticated_compat` makes `Open` routes take anyone who does not present a wrong
    /// token (contracts/xtrace.md §1.0).
    pub fn new(known: Vec<Credential>, allow_unauthenticated_compat: bool) -> Self {
        Self {
            known: known
                .into_iter()
                .filter(|known| known.key.is_whole())
                .collect(),
            allow_unauthenticated_compat,
        }
    }

    /// All projects that a credential opens.
    pub fn projects(&self) -> impl Iterator<Item = &ProjectId> {
        self.known.iter().map(|credential| &credential.project)
    }

    /// What the caller's credential is called.
    pub fn name(&self, caller: Caller) -> &str {
        self.get(caller)
            .map_or("unknown", |credential| &credential.name)
    }

    pub(super) fn get(&self, caller: Caller) -> Option<&Credential> {
        self.known.get(usize::try_from(caller.0).ok()?)
    }

    /// Compares with all, whichever it is: the time tells neither which one was nearly right nor which one was.
    pub(super) fn find(&self, presented: &Presented) -> Option<Caller> {
        const NONE: u32 = u32::MAX;
        let mut found = NONE;
        for (index, credential) in (0_u32..).zip(&self.known) {
            found.conditional_assign(&index, presented.is(&credential.key));
        }
        (found != NONE).then_some(Caller(found))
    }

    pub(super) fn is_open_to(&self, presented: Option<&Presented>) -> bool {
        let has_pair = |known: &[Credential]| {
            known
                .iter()
                .any(|credential| matches!(credential.key, Key::Pair { .. }))
        };
        self.allow_unauthenticated_compat
            && !has_pair(&self.known)
            && !matches!(presented, Some(Presented::Bearer(_)))
    }
}

/// What a request presents. Schemes are compared without regard to case.
pub(super) enum Presented {
    Bearer(Vec<u8>),
    /// Public and secret key: what is before and after the first colon.
    Basic(Vec<u8>, Vec<u8>),
    Other,
}

impl Presented {
    pub(super) fn parse(header: &HeaderValue) -> Self {
        let value = header.as_bytes();
        let Some(space) = value.iter().position(|byte| *byte == b' ') else {
            return Self::Other;
        };
        let (scheme, rest) = value.split_at(space);
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return Self::Bearer(rest.to_vec());
        }
        if scheme.eq_ignore_ascii_case(b"basic")
            && let Ok(mut public) = BASE64_STANDARD.decode(rest)
            && let Some(colon) = public.iter().position(|byte| *byte == b':')
        {
            let secret = public.split_off(colon + 1);
            public.truncate(colon);
            return Self::Basic(public, secret);
        }
        Self::Other
    }

    /// In constant time for texts of one length.
    fn is(&self, key: &Key) -> Choice {
        match (self, key) {
            (Self::Bearer(presented), Key::Bearer(token)) => presented.ct_eq(token.as_bytes()),
            (Self::Basic(user, password), Key::Pair { public, secret }) => {
                user.ct_eq(public.as_bytes()) & password.ct_eq(secret.as_bytes())
            }
            _ => Choice::from(0),
        }
    }
}

#[cfg(test)]
mod tests;
