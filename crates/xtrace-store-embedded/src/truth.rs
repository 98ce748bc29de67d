//! The truth: every state, payload and series, in a log-structured store with fsynced atomic batches.
//!
//! What it guarantees: a batch is on disk in full or not at all. What it deliberately does not do:
//! answer questions that are not about a key; that is the projection's work, and the log kept here
//! says what the projection still lacks.

pub mod codecs;
pub mod contents;
pub mod journal;
pub mod keys;
pub mod log;
pub mod parts;
pub mod records;
pub mod rows;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{
    AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions,
    OwnedWriteBatch, PersistMode, Snapshot,
};
use xtrace_model::Timestamp;

use crate::errors::EmbeddedError;
use crate::options::EmbeddedOptions;
use codecs::Codecs;

const PAYLOADS: &str = "payloads-";
const PARTITION_MICROS: i64 = 7 * 24 * 3_600_000_000;
const BLOCK_BYTES: u32 = 16 * 1024;
/// Values above this are written once, apart from the tree that is compacted again and again.
const SEPARATION_BYTES: u32 = 512;
const BLOB_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// fjall waits without end at four sealed memtables, even when the thread that would write them has
/// ended on a full disk; below that, [`Truth::ensure_writable`] waits and looks.
const SEALED_MEMTABLES_MAX: usize = 2;
const TABLES_MAX: usize = 18;
/// The first one leaves compactions to the others, and where there is only one other, turns round and round as long as
/// that is at work: most of a core.
const WORKERS: usize = 3;
const STALL_POLL: Duration = Duration::from_millis(2);
const STALL_MAX: Duration = Duration::from_secs(30);
/// Coming to rest takes at most so long; what is not written by then is read from the journal at the next start.
const REST_MAX: Duration = Duration::from_secs(10);

/// The opened store.
pub struct Truth {
    db: Database,
    pub meta: Keyspace,
    pub log: Keyspace,
    pub traces: Keyspace,
    pub observations: Keyspace,
    /// Keys only: see [`keys::observation_by_id`].
    pub observation_ids: Keyspace,
    pub series: Keyspace,
    pub catalogue: Keyspace,
    pub codecs: Codecs,
    payloads: Mutex<BTreeMap<u32, Keyspace>>,
    memtable_bytes: u64,
    write_buffer_bytes: u64,
    is_at_rest: Rest,
    stalled_micros: AtomicU64,
}

/// Whether journals hold nothing that tables lack; can be asked when the store is gone.
#[derive(Clone, Default)]
pub struct Rest(Arc<AtomicBool>);

impl Rest {
    pub fn is_kept(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Truth {
    pub fn open(path: &Path, options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        journal::check(path)?;
        Self::open_caught(path, options)
    }

    fn open_caught(path: &Path, options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        // fjall panics over some files that nobody wrote like this.
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_files(path, options)));
        match opened {
            Ok(Err(EmbeddedError::Truth(source))) => Err(EmbeddedError::RowStore {
                path: path.to_owned(),
                source,
            }),
            Ok(opened) => opened,
            Err(_) => Err(EmbeddedError::Corrupt {
                what: "row store",
                why: "its files are damaged; put back a backup of the whole data directory"
                    .to_owned(),
            }),
        }
    }

    fn open_files(path: &Path, options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        journal::ensure_one(path)?;
        let db = Database::builder(path)
            .cache_size(options.cache_bytes)
            .max_journaling_size(options.journal_bytes)
            .worker_threads(WORKERS)
            .manual_journal_persist(true)
            .open()?;
        let small = |bytes: u64| {
            let blocks = BlockSizePolicy::all(BLOCK_BYTES);
            KeyspaceCreateOptions::default()
                .manual_journal_persist(true)
                .max_memtable_size(bytes)
                .data_block_size_policy(blocks)
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
        };
        let open = |name: &str| db.keyspace(name, || small(options.memtable_bytes));
        let truth = Self {
            meta: open("meta")?,
            log: open("log")?,
            traces: open("traces")?,
            observations: open("observations")?,
            observation_ids: open("observation-ids")?,
            series: open("series")?,
            catalogue: open("catalogue")?,
            codecs: Codecs::default(),
            payloads: Mutex::default(),
            memtable_bytes: options.memtable_bytes,
            write_buffer_bytes: options.write_buffer_bytes,
            is_at_rest: Rest::default(),
            stalled_micros: AtomicU64::default(),
            db,
        };
        for name in truth.db.list_keyspace_names() {
            if let Some(partition) = partition_of_name(&name) {
                truth.payloads(partition)?;
            }
        }
        truth.load_dictionaries()?;
        Ok(truth)
    }

    /// A consistent state of all keyspaces.
    pub fn snapshot(&self) -> Snapshot {
        self.db.snapshot()
    }

    pub fn batch(&self) -> OwnedWriteBatch {
        self.db.batch().durability(Some(PersistMode::SyncData))
    }

    /// Commits a batch that is on disk when this returns.
    pub fn commit(&self, batch: OwnedWriteBatch) -> Result<(), EmbeddedError> {
        self.ensure_writable()?;
        self.is_at_rest.0.store(false, Ordering::Release);
        batch.commit()?;
        self.bound_write_buffer()?;
        Ok(())
    }

    /// Writes everything in memory as tables. When that is done and nothing is committed any more, the journals may be
    /// emptied once the store is gone (`journal::empty`), and the next start has nothing to read.
    pub fn rest(&self) -> Result<Rest, EmbeddedError> {
        let holds_anything = |keyspace: &Keyspace| {
            keyspace.tree.active_memtable().size() > 0 || keyspace.tree.sealed_memtable_count() > 0
        };
        let started = Instant::now();
        for keyspace in self.keyspaces() {
            if keyspace.tree.active_memtable().size() > 0 {
                keyspace.rotate_memtable()?;
            }
        }
        while self.keyspaces().iter().any(holds_anything) {
            self.probe()?;
            if started.elapsed() > REST_MAX {
                return Ok(Rest::default());
            }
            std::thread::sleep(STALL_POLL);
        }
        self.is_at_rest.0.store(true, Ordering::Release);
        Ok(self.is_at_rest.clone())
    }

    /// An error when the store has stopped writing after a failure.
    pub fn probe(&self) -> Result<(), EmbeddedError> {
        Ok(self.db.persist(PersistMode::Buffer)?)
    }

    /// How long commits have waited for tables to be written and merged.
    pub fn stalled_seconds(&self) -> f64 {
        Duration::from_micros(self.stalled_micros.load(Ordering::Relaxed)).as_secs_f64()
    }

    pub fn disk_bytes(&self) -> Result<u64, EmbeddedError> {
        Ok(self.db.disk_space()?)
    }

    /// The partition for payloads received at a time.
    pub fn partition_at(time: Timestamp) -> u32 {
        u32::try_from(time.as_micros().div_euclid(PARTITION_MICROS)).unwrap_or(0)
    }

    /// When the last payload of a partition can have been received.
    pub fn partition_end(partition: u32) -> Timestamp {
        Timestamp::from_micros((i64::from(partition) + 1).saturating_mul(PARTITION_MICROS))
    }

    /// The keyspace of a payload partition, if there is one.
    pub fn stored_payloads(&self, partition: u32) -> Option<Keyspace> {
        let open = self.payloads.lock().expect("no panic while held");
        open.get(&partition).cloned()
    }

    /// Bytes on disk of all payload partitions.
    pub fn payload_bytes(&self) -> u64 {
        let open = self.payloads.lock().expect("no panic while held");
        open.values().map(Keyspace::disk_space).sum()
    }

    /// The keyspace of a payload partition, created where there is none. What lies in it is compressed already.
    pub fn payloads(&self, partition: u32) -> Result<Keyspace, EmbeddedError> {
        let mut open = self.payloads.lock().expect("no panic while held");
        if let Some(keyspace) = open.get(&partition) {
            return Ok(keyspace.clone());
        }
        let separation = KvSeparationOptions::default()
            .separation_threshold(SEPARATION_BYTES)
            .file_target_size(BLOB_FILE_BYTES)
            .compression(CompressionType::None);
        let keyspace = self.db.keyspace(&format!("{PAYLOADS}{partition}"), || {
            KeyspaceCreateOptions::default()
                .manual_journal_persist(true)
                .max_memtable_size(self.memtable_bytes)
                .data_block_size_policy(BlockSizePolicy::all(BLOCK_BYTES))
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
                .with_kv_separation(Some(separation))
        })?;
        open.insert(partition, keyspace.clone());
        Ok(keyspace)
    }

    pub fn partitions(&self) -> Vec<u32> {
        self.payloads
            .lock()
            .expect("no panic while held")
            .keys()
            .copied()
            .collect()
    }

    /// Deletes a partition with all that is in it.
    pub fn drop_partition(&self, partition: u32) -> Result<(), EmbeddedError> {
        let dropped = self
            .payloads
            .lock()
            .expect("no panic while held")
            .remove(&partition);
        match dropped {
            Some(keyspace) => Ok(self.db.delete_keyspace(keyspace)?),
            None => Ok(()),
        }
    }

    fn keyspaces(&self) -> Vec<Keyspace> {
        let fixed = [
            &self.meta,
            &self.log,
            &self.traces,
            &self.observations,
            &self.observation_ids,
            &self.series,
            &self.catalogue,
        ];
        let payloads = self.payloads.lock().expect("no panic while held");
        fixed
            .into_iter()
            .chain(payloads.values())
            .cloned()
            .collect()
    }

    /// Waits while memtables are being written, and fails when nobody writes them any more.
    fn ensure_writable(&self) -> Result<(), EmbeddedError> {
        self.probe()?;
        let started = Instant::now();
        let is_behind = |keyspace: &Keyspace| {
            keyspace.tree.sealed_memtable_count() > SEALED_MEMTABLES_MAX
                || keyspace.tree.l0_run_count() > TABLES_MAX
        };
        if !self.keyspaces().iter().any(is_behind) {
            return Ok(());
        }
        while self.keyspaces().iter().any(is_behind) {
            self.probe()?;
            if started.elapsed() > STALL_MAX {
                return Err(EmbeddedError::Reopening(
                    "memtables are not being written".to_owned(),
                ));
            }
            std::thread::sleep(STALL_POLL);
        }
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.stalled_micros.fetch_add(micros, Ordering::Relaxed);
        Ok(())
    }

    /// Writes the largest memtable out when all together are over the limit.
    fn bound_write_buffer(&self) -> Result<(), EmbeddedError> {
        if self.db.write_buffer_size() <= self.write_buffer_bytes
            || self.db.outstanding_flushes() > 0
        {
            return Ok(());
        }
        let largest = self
            .keyspaces()
            .into_iter()
            .max_by_key(|k| k.tree.active_memtable().size());
        if let Some(keyspace) = largest {
            keyspace.rotate_memtable()?;
        }
        Ok(())
    }
}

fn partition_of_name(name: &str) -> Option<u32> {
    name.strip_prefix(PAYLOADS)?.parse().ok()
}
