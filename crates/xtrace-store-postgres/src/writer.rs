//! The connection that commits go through: one is kept from commit to commit.
//!
//! A pool tries a connection out before it lends it and after it gets it back, and takes turns with all it has, so that each
//! of them has to plan each statement. Commits mostly come one after the other, so one of the pool's connections, kept out
//! of it, spares a round trip each. Where several come at once the others get theirs from the pool and give them back:
//! it is never more than one that those who wait for the pool go without.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgPool, Postgres};

/// A connection that was used an instant ago is not tried out before it is used again.
const FRESH: Duration = Duration::from_secs(1);
/// Then another takes its place, as in pools.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// A connection for one commit.
pub struct Writer {
    pub connection: PoolConnection<Postgres>,
    opened: Instant,
    /// It was used before and has not been tried out again: that it is lost says nothing about the server.
    pub may_be_stale: bool,
    place: Place,
}

/// The connection that is kept: waiting for the next commit, or lent to one.
#[derive(Default)]
enum Kept {
    #[default]
    None,
    Lent,
    Here {
        connection: PoolConnection<Postgres>,
        opened: Instant,
        used: Instant,
    },
}

/// Where one connection is kept.
#[derive(Clone, Default)]
pub struct KeptWriter(Arc<Home>);

#[derive(Default)]
struct Home(Mutex<Kept>);

/// The right to put a connection there; who drops it leaves the place to the next.
struct Place(Option<KeptWriter>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(kept) = self.0.take() {
            *kept.locked() = Kept::None;
        }
    }
}

impl KeptWriter {
    /// The kept connection if it is there, else one of the pool's, which will be kept if none is.
    pub async fn lend(&self, pool: &PgPool) -> sqlx::Result<Writer> {
        let (place, kept) = self.take();
        if let Kept::Here {
            mut connection,
            opened,
            used,
        } = kept
            && opened.elapsed() < LIFETIME
        {
            let is_fresh = used.elapsed() < FRESH;
            if is_fresh || answers(&mut connection, pool.options().get_acquire_timeout()).await {
                return Ok(Writer {
                    connection,
                    opened,
                    may_be_stale: is_fresh,
                    place,
                });
            }
        }
        Ok(Writer {
            connection: pool.acquire().await?,
            opened: Instant::now(),
            may_be_stale: false,
            place,
        })
    }

    fn take(&self) -> (Place, Kept) {
        let mut kept = self.locked();
        if matches!(*kept, Kept::Lent) {
            return (Place(None), Kept::None);
        }
        let taken = std::mem::replace(&mut *kept, Kept::Lent);
        (Place(Some(self.clone())), taken)
    }

    /// Lets go of the kept connection.
    pub fn clear(&self) {
        let mut kept = self.locked();
        if matches!(*kept, Kept::Here { .. }) {
            *kept = Kept::None;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        // Whatever a panic left behind is one of the three.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server answers on a connection, as soon as a pool would have to lend one.
async fn answers(connection: &mut PoolConnection<Postgres>, limit: Duration) -> bool {
    matches!(
        tokio::time::timeout(limit, connection.ping()).await,
        Ok(Ok(()))
    )
}

impl Writer {
    /// Gives back a connection whose commit came to its end: it is kept, or goes to the pool.
    pub fn give_back(mut self, pool: &PgPool) {
        let Some(place) = self.place.0.take() else {
            return;
        };
        let mut kept = place.locked();
        *kept = if pool.is_closed() {
            Kept::None
        } else {
            Kept::Here {
                connection: self.connection,
                opened: self.opened,
                used: Instant::now(),
            }
        };
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let kept = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Kept::Here { connection, .. } = std::mem::take(kept)
            && tokio::runtime::Handle::try_current().is_err()
        {
            // There is nobody left to take it back to the pool; it ends with its socket.
            drop(connection.leak());
        }
    }
}
