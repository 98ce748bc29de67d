//! Who may do what: the extractor that is the only maker of a scope.
//!
//! The credential chooses the project, the type of the extractor the permission: `ProjectAuth<Write>` in a handler's
//! arguments is what makes a route answer 403 to a credential that only reads. No handler looks at a credential.

mod credentials;

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;
use xtrace_store::ProjectScope;

use crate::app::App;
use crate::error::ApiError;

pub use credentials::{Access, Caller, Credential, Credentials, Key};

use credentials::Presented;

/// What a route needs.
pub trait Permission: Send {
    const NEEDS: Need;
    /// Counted by the rate limiter.
    const IS_LIMITED: bool = false;
    /// Open to anyone in the compatibility mode.
    const IS_OPEN: bool = false;
}

/// What a credential must be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Read,
    Write,
    /// Writing in the server's own project: those who run the server have these credentials, tenants do not.
    Operate,
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
    const NEEDS: Need = Need::Read;
    const IS_LIMITED: bool = true;
}
impl Permission for Write {
    const NEEDS: Need = Need::Write;
}
impl Permission for Open {
    const NEEDS: Need = Need::Read;
    const IS_OPEN: bool = true;
}
impl Permission for Operate {
    const NEEDS: Need = Need::Operate;
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
        let presented = parts.headers.get(AUTHORIZATION).map(Presented::parse);
        let scope = authorise::<P>(app, presented.as_ref())?;
        let turn = if P::IS_LIMITED {
            Some(app.turn().await?)
        } else {
            None
        };
        Ok(Self {
            scope,
            _turn: turn,
            permission: PhantomData,
        })
    }
}

fn authorise<P: Permission>(
    app: &App,
    presented: Option<&Presented>,
) -> Result<ProjectScope, ApiError> {
    let credentials = &app.options().credentials;
    let caller = presented.and_then(|presented| credentials.find(presented));
    let known = caller.and_then(|caller| Some((caller, credentials.get(caller)?)));
    let Some((caller, credential)) = known else {
        if P::IS_OPEN && credentials.is_open_to(presented) {
            return Ok(ProjectScope::new(app.options().project.clone()));
        }
        // Who presents nothing has guessed nothing, and must be told how to log in.
        return Err(match presented {
            Some(_) => app.failed_login(),
            None => ApiError::unauthorized(),
        });
    };
    ensure_allowed(credential, P::NEEDS, app)?;
    if P::IS_LIMITED {
        app.limiter().check(caller, app.now())?;
    }
    Ok(ProjectScope::new(credential.project.clone()))
}

fn ensure_allowed(credential: &Credential, needs: Need, app: &App) -> Result<(), ApiError> {
    let writes = credential.access == Access::Write;
    let is_allowed = match needs {
        Need::Read => true,
        Need::Write => writes,
        Need::Operate => writes && credential.project == app.options().project,
    };
    if is_allowed {
        return Ok(());
    }
    Err(ApiError::forbidden(match needs {
        Need::Operate => "this is for credentials that write to the server's default project",
        Need::Read | Need::Write => "these credentials only read; send some that may write",
    }))
}
