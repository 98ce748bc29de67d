//! Texts as parts: what this process knows of those that the database holds.
//!
//! A text is split by `xtrace-payload`; each part is stored once per project and week, and the payload's row keeps the
//! recipe. Recipes and bodies are compressed here, with dictionaries that all processes on the database share.
//!
//! INVARIANT: a part that a committed payload names, or that such a part names, is there. Three rules keep it so:
//!
//! 1. A writer holds the shared lock on (week, project) from before it relies on a part's presence to the end of its
//!    transaction; parts are removed under the same lock held alone. So a part that a writer has seen, inserted, or
//!    knows of, stays until the payload that names it is committed.
//! 2. What a process knows to be there ([`Known`]) it knows as of a count of removals, which each removal raises and
//!    a writer reads after it has the lock. With the same count nothing was removed since; with another one it
//!    knows nothing and inserts all parts anew.
//! 3. A sweep first announces itself, holding the lock alone; then it reads all recipes. What was named before the
//!    announcement it sees there; whoever names a part after it has read the announcement and notes the part as used. So
//!    when the sweep holds the lock again, a part that it has neither seen named nor finds noted is named by nobody.
//!    A payload that keeps its recipe names nothing new: that it was seen, or noted, by whoever wrote it first.
//!
//! The lock comes after those on traces, and while it is held nothing is waited for but parts that another writer is just
//! adding, in the order of the parts: nobody waits in a circle.

mod codecs;
mod fetch;
mod inline;
mod known;
mod prepare;
mod training;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::{PgConnection, PgPool, Row as _};
use xtrace_payload::{Dictionary, PartId, PayloadError, Trainer};
use xtrace_store::{ErrorKind, StoreError};

use crate::errors::store_error;
use crate::week::Week;

use self::codecs::Codecs;
pub use self::fetch::Texts;
pub use self::inline::Unfolded;
use self::known::Known;
pub use self::prepare::{NewPart, Prepared, PreparedText};

/// No text is longer: the server holds none in one value either.
pub const TEXT_BYTES_MAX: usize = 1 << 30;

/// Where parts are kept once.
pub type Shelf<'a> = (Week, &'a str);

/// Why texts could not be read or written.
#[derive(Debug)]
pub enum Trouble {
    Server(sqlx::Error),
    Payload(PayloadError),
    Store(StoreError),
}

impl Trouble {
    pub fn during(self, op: &'static str) -> StoreError {
        match self {
            Self::Server(error) => store_error(op, error),
            Self::Payload(error) => {
                let kind = match error {
                    PayloadError::Compression(_) => ErrorKind::Internal,
                    _ => ErrorKind::Corrupt,
                };
                StoreError::new(kind, op, error)
            }
            Self::Store(error) => error,
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Server(error)
    }
}

impl From<PayloadError> for Trouble {
    fn from(error: PayloadError) -> Self {
        Self::Payload(error)
    }
}

/// A task that panicked is a defect of ours, not of what is stored.
impl From<tokio::task::JoinError> for Trouble {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Store(StoreError::new(ErrorKind::Internal, "payload.parts", error))
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One process's share in the parts of a database.
pub struct Parts {
    pool: PgPool,
    codecs: Codecs,
    known: Mutex<Known>,
    /// `None` once there is a dictionary, or one is being made.
    trainer: Mutex<Option<Trainer>>,
}

impl Parts {
    /// `pool` is for dictionaries that are made in the background.
    pub fn new(pool: PgPool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            codecs: Codecs::default(),
            known: Mutex::default(),
            trainer: Mutex::new(Some(Trainer::default())),
        })
    }

    /// Gets to know the dictionaries that there are.
    pub async fn load_dictionaries(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let all = sqlx::query(include_str!("sql/parts/dictionaries.sql"));
        for row in all.fetch_all(connection).await? {
            let number: i32 = row.try_get("number")?;
            let bytes: Vec<u8> = row.try_get("bytes")?;
            self.adopt(Dictionary::new(number.cast_unsigned(), bytes));
        }
        Ok(())
    }

    fn adopt(&self, dictionary: Dictionary) {
        self.codecs.add(dictionary);
        *locked(&self.trainer) = None;
    }

    /// The stored form of a folded body or recipe.
    pub fn pack(&self, body: &[u8]) -> Result<Vec<u8>, PayloadError> {
        let mut stored = Vec::new();
        self.codecs
            .lend(|codec| codec.encode(body, &mut stored))
            .map(|()| stored)
    }

    /// Those of the parts of a shelf that are not known to be there, with removals counted so far.
    pub fn unknown(
        &self,
        epoch: i64,
        shelf: Shelf<'_>,
        ids: impl Iterator<Item = PartId>,
    ) -> Vec<PartId> {
        let salt = Known::salt(shelf);
        let mut known = locked(&self.known);
        known.turn_to(epoch);
        ids.filter(|id| !known.contains(salt, *id)).collect()
    }

    /// Notes that parts are there, as of a count of removals.
    pub fn remember(&self, filed: &Filed) {
        let mut known = locked(&self.known);
        if known.epoch() == filed.epoch {
            for key in &filed.keys {
                known.insert(*key);
            }
        }
    }
}

/// Parts that a transaction has seen to, to be remembered once it has been committed.
#[derive(Default)]
pub struct Filed {
    epoch: i64,
    keys: Vec<u128>,
}

impl Filed {
    pub fn of<'a>(epoch: i64, parts: impl Iterator<Item = (Shelf<'a>, PartId)>) -> Self {
        let mut salted: Option<(Shelf<'a>, u128)> = None;
        let keys = parts.map(|(shelf, id)| {
            let salt = match salted {
                Some((of, salt)) if of == shelf => salt,
                _ => Known::salt(shelf),
            };
            salted = Some((shelf, salt));
            Known::key(salt, id)
        });
        let keys = keys.collect();
        Self { epoch, keys }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is complete at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
