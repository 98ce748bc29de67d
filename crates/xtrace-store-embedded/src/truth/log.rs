//! The log of what the projection still lacks, and the counters that must never run backwards.

use fjall::{OwnedWriteBatch, Readable};

use super::Truth;
use super::records::LogRecord;
use crate::errors::EmbeddedError;

const LAST_VERSION: &[u8] = b"last-version";
const TRIMMED: &[u8] = b"trimmed";
const LAST_SERIES: &[u8] = b"last-series";
const STORE_ID: &[u8] = b"store-id";

impl Truth {
    /// Adds a record and moves the version counter, in the batch of the commit it describes.
    pub fn log(&self, batch: &mut OwnedWriteBatch, record: &LogRecord) {
        batch.insert(
            &self.log,
            record.last_version.to_be_bytes(),
            record.encode(),
        );
        self.put_number(batch, LAST_VERSION, record.last_version);
    }

    /// The greatest version ever given.
    pub fn last_version(&self) -> Result<u64, EmbeddedError> {
        self.number(LAST_VERSION)
    }

    /// The projection was complete up to this version when records were last taken away.
    pub fn trimmed(&self) -> Result<u64, EmbeddedError> {
        self.number(TRIMMED)
    }

    /// The greatest id ever given to a series.
    pub fn last_series(&self) -> Result<i64, EmbeddedError> {
        Ok(self.number(LAST_SERIES)?.cast_signed())
    }

    pub fn put_last_series(&self, batch: &mut OwnedWriteBatch, id: i64) {
        self.put_number(batch, LAST_SERIES, id.cast_unsigned());
    }

    /// Tells this store from any other, so that a projection of another one is not mistaken for its own.
    pub fn store_id(&self) -> Result<u64, EmbeddedError> {
        self.number(STORE_ID)
    }

    pub fn put_store_id(&self, id: u64) -> Result<(), EmbeddedError> {
        let mut batch = self.batch();
        self.put_number(&mut batch, STORE_ID, id);
        self.commit(batch)
    }

    /// The records after `version`, oldest first.
    pub fn records_after(
        &self,
        version: u64,
    ) -> impl Iterator<Item = Result<LogRecord, EmbeddedError>> + use<> {
        let from = version.saturating_add(1).to_be_bytes();
        let range = self.snapshot().range(&self.log, from..);
        range.map(|entry| LogRecord::decode(&entry.value()?))
    }

    /// Takes away the records up to and with `version`, which the file has by now.
    pub fn trim(&self, version: u64) -> Result<(), EmbeddedError> {
        let mut batch = self.batch();
        // From the last trimmed record on: what lies before is tombstones, slow to step over.
        let from = self.trimmed()?.saturating_add(1);
        for entry in self
            .snapshot()
            .range(&self.log, from.to_be_bytes()..=version.to_be_bytes())
        {
            batch.remove(&self.log, entry.key()?);
        }
        self.put_number(&mut batch, TRIMMED, version);
        self.commit(batch)
    }

    fn put_number(&self, batch: &mut OwnedWriteBatch, key: &[u8], number: u64) {
        batch.insert(&self.meta, key, number.to_be_bytes());
    }

    fn number(&self, key: &[u8]) -> Result<u64, EmbeddedError> {
        let Some(value) = self.meta.get(key)? else {
            return Ok(0);
        };
        let bytes: [u8; 8] = value
            .as_ref()
            .try_into()
            .map_err(|_| EmbeddedError::Corrupt {
                what: "counter",
                why: format!("{} bytes instead of 8", value.len()),
            })?;
        Ok(u64::from_be_bytes(bytes))
    }
}
