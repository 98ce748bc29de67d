//! `[storage]`: which engine, and where.

use std::path::PathBuf;
use std::time::Duration;

use super::kinds::{
    Secret, mask, parse_duration, parse_positive, parse_secret, parse_size, parse_text, show,
    show_duration, show_size,
};
use super::reader::{Reader, Setting};

#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// PostgreSQL when set, else the embedded engine.
    pub database_url: Option<Secret>,
    pub data_dir: PathBuf,
    pub memory_bytes: usize,
    pub pool_connections: u32,
    pub query_timeout: Duration,
}

const DATABASE_URL: Setting<Secret> = Setting {
    key: "storage.database_url",
    env: &["DATABASE_URL"],
    expected: "a URL that begins with postgresql:// or postgres://",
    doc: "PostgreSQL 14 or newer to store in; without it, the embedded store is used.",
    parse: |text| {
        let is_known = text.starts_with("postgresql://") || text.starts_with("postgres://");
        parse_secret(text).filter(|_| is_known)
    },
    show: mask,
};

const DATA_DIR: Setting<PathBuf> = Setting {
    key: "storage.data_dir",
    env: &["XTRACE_DATA_DIR"],
    expected: "a folder",
    doc: "Folder of the embedded store and of generated credentials.",
    parse: |text| parse_text(text).map(PathBuf::from),
    show: |path| path.display().to_string(),
};

const MEMORY_BYTES: Setting<usize> = Setting {
    key: "storage.memory",
    env: &["XTRACE_STORE_MEMORY"],
    expected: "a size, such as 512MiB",
    doc: "Memory the embedded store may use for queries and caches.",
    parse: parse_size,
    show: show_size,
};

const POOL_CONNECTIONS: Setting<u32> = Setting {
    key: "storage.pool_connections",
    env: &["XTRACE_POOL_CONNECTIONS"],
    expected: "a whole number of at least 1",
    doc: "Connections to PostgreSQL.",
    parse: parse_positive,
    show,
};

const QUERY_TIMEOUT: Setting<Duration> = Setting {
    key: "storage.query_timeout",
    env: &["XTRACE_QUERY_TIMEOUT"],
    expected: "a duration, such as 30s",
    doc: "How long one query may take.",
    parse: parse_duration,
    show: show_duration,
};

impl StorageConfig {
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            database_url: reader.optional(&DATABASE_URL),
            data_dir: reader.value(&DATA_DIR, PathBuf::from("./xtrace-data")),
            memory_bytes: reader.value(&MEMORY_BYTES, 512 * 1024 * 1024),
            pool_connections: reader.value(&POOL_CONNECTIONS, 10),
            query_timeout: reader.value(&QUERY_TIMEOUT, Duration::from_secs(30)),
        }
    }
}
