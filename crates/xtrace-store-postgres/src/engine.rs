//! The engine: its pools of connections, how it starts and how it rests.

use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Row as _};
use xtrace_model::{Clock, Timestamp};
use xtrace_store::{ErrorKind, StoreError, StoreResult};

use crate::dialect::{CaseFolding, PostgresDialect};
use crate::errors::InOperation as _;
use crate::metrics::SeriesIds;
use crate::migrations;
use crate::options::PostgresOptions;
use crate::pack::Packer;
use crate::parts::Parts;
use crate::rollups::Changes;
use crate::week::Week;
use crate::writer::KeptWriter;

/// The oldest supported version of the server, as it numbers them.
const SERVER_VERSION_MIN: i32 = 140_000;
/// How long closing waits for calls under way.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The shared engine on a PostgreSQL database. Any number of processes may open the same database.
pub struct PostgresEngine {
    pub(crate) reads: PgPool,
    pub(crate) writes: PgPool,
    pub(crate) writer: KeptWriter,
    /// For connections besides the pools'.
    pub(crate) target: PgConnectOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) version: String,
    pub(crate) commit_timeout: Duration,
    pub(crate) dialect: PostgresDialect,
    /// Weeks whose partitions are known to exist.
    pub(crate) weeks: Mutex<BTreeSet<Week>>,
    pub(crate) points_weeks: Mutex<BTreeSet<Week>>,
    pub(crate) series: SeriesIds,
    pub(crate) series_max: u64,
    pub(crate) parts: Arc<Parts>,
    pub(crate) packer: Arc<Packer>,
    pub(crate) rollup_changes: Changes,
}

impl PostgresEngine {
    /// Connects, checks the server, and brings the schema up to date.
    ///
    /// # Errors
    /// `Unavailable` when the server cannot be reached, `Unsupported` when it is too old or does not encode text as
    /// UTF-8, `Invalid` when the URL is not one, `Corrupt` when the schema is not one of ours.
    pub async fn open(options: PostgresOptions) -> StoreResult<Self> {
        const OP: &str = "store.open";
        let target = PgConnectOptions::from_str(&options.url)
            .during(OP)?
            .application_name("xtrace");
        let connecting = PgConnection::connect_with(&target);
        let connected = tokio::time::timeout(options.acquire_timeout, connecting).await;
        let mut connection = connected
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .during(OP)?;
        let version = check_server(&mut connection).await?;
        let dialect = dialect(&mut connection).await?;
        migrations::migrate(&mut connection)
            .await
            .map_err(|error| migration_error(OP, error))?;
        let writes = write_pool(&options, target.clone());
        let parts = Parts::new(writes.clone());
        parts.load_dictionaries(&mut connection).await.during(OP)?;
        // A server that is slow to say goodbye has been migrated nevertheless.
        let _closed_or_lost = connection.close().await;
        let packer = Packer::new(writes.clone(), options.clock.clone());
        let engine = Self {
            reads: read_pool(&options, target.clone()),
            writes,
            writer: KeptWriter::default(),
            target,
            clock: options.clock,
            version,
            commit_timeout: options.commit_timeout,
            dialect,
            weeks: Mutex::default(),
            points_weeks: Mutex::default(),
            series: SeriesIds::default(),
            series_max: options.series_max,
            parts,
            packer,
            rollup_changes: Changes::default(),
        };
        engine.prepare_weeks().await?;
        engine.packer.pack_in_background();
        Ok(engine)
    }

    /// Packs metric points of all hours that begin before a time, without waiting for them to be long past; what is in
    /// use stays as it is. Happens in the background by itself.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn pack_points(&self, before: Timestamp) -> StoreResult<()> {
        self.packer.pack(before).await
    }

    /// A connection for one query. Unless told that the query is done, it is closed when dropped, and the server ends
    /// the query soon after.
    pub(crate) async fn reader(&self, op: &'static str) -> StoreResult<Reader> {
        Ok(Reader {
            connection: self.reads.acquire().await.during(op)?,
            is_done: false,
        })
    }

    /// Ends all calls under way, or gives up on them, and closes the connections.
    pub(crate) async fn rest(&self) {
        let both = async {
            let closing = (self.reads.close(), self.writes.close());
            // From now on none is kept any more.
            self.writer.clear();
            tokio::join!(closing.0, closing.1)
        };
        // What does not come to rest in time is ended with the process.
        let _in_time = tokio::time::timeout(CLOSE_TIMEOUT, both).await;
    }
}

/// A connection lent to one query.
pub struct Reader {
    connection: PoolConnection<Postgres>,
    is_done: bool,
}

impl Reader {
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The query has been answered in full: the connection can be used again.
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.close_on_drop();
        }
    }
}

async fn check_server(connection: &mut PgConnection) -> StoreResult<String> {
    const OP: &str = "store.open";
    let row = sqlx::query(include_str!("sql/session/server.sql"))
        .fetch_one(connection)
        .await
        .during(OP)?;
    let number: i32 = row.try_get("number").during(OP)?;
    let version: String = row.try_get("version").during(OP)?;
    let encoding: String = row.try_get("encoding").during(OP)?;
    let fsync: String = row.try_get("fsync").during(OP)?;
    let unsupported = |why: String| Err(StoreError::new(ErrorKind::Unsupported, OP, why));
    if number < SERVER_VERSION_MIN {
        let oldest = SERVER_VERSION_MIN / 10_000;
        return unsupported(format!(
            "the server is PostgreSQL {version}; the oldest supported version is {oldest}"
        ));
    }
    if fsync != "on" {
        tracing::warn!(
            "the server runs with fsync off: what it acknowledges does not survive a loss of power"
        );
    }
    if encoding != "UTF8" {
        return unsupported(format!(
            "the database encodes text as {encoding}; it must be UTF8"
        ));
    }
    Ok(version)
}

/// The dialect with the best collation for the case of letters that this server has.
async fn dialect(connection: &mut PgConnection) -> StoreResult<PostgresDialect> {
    const OP: &str = "store.open";
    let candidates = CaseFolding::CANDIDATES.map(|(name, _)| name).to_vec();
    let names = sqlx::query_scalar(include_str!("sql/session/collations.sql")).bind(candidates);
    let names: Vec<String> = names.fetch_all(connection).await.during(OP)?;
    Ok(PostgresDialect {
        folding: CaseFolding::best(&names),
    })
}

fn migration_error(op: &'static str, error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    let kind = match &error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
            crate::errors::kind_of(cause)
        }
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => ErrorKind::Unsupported,
        _ => ErrorKind::Corrupt,
    };
    StoreError::new(kind, op, error)
}

fn read_pool(options: &PostgresOptions, target: PgConnectOptions) -> PgPool {
    let time_limit = options.query_timeout.as_millis().to_string();
    pool(options, options.read_connections)
        .after_connect(move |connection, _| {
            let time_limit = time_limit.clone();
            Box::pin(async move {
                let settings = sqlx::query(include_str!("sql/session/reads.sql"));
                settings
                    .bind(time_limit)
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
        .connect_lazy_with(target)
}

fn write_pool(options: &PostgresOptions, target: PgConnectOptions) -> PgPool {
    let time_limit = options.commit_timeout.as_millis().to_string();
    pool(options, options.write_connections)
        .after_connect(move |connection, _| {
            let time_limit = time_limit.clone();
            Box::pin(async move {
                let settings = sqlx::query(include_str!("sql/session/writes.sql"));
                settings
                    .bind(time_limit)
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
        .connect_lazy_with(target)
}

fn pool(options: &PostgresOptions, connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.acquire_timeout)
}
