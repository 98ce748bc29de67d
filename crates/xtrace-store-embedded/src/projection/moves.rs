//! Moves: a sealed generation becomes part of the file, in one transaction of the file.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use duckdb::Connection;

use super::open::upto;
use super::schema::{FILE, Rows, drop_generation};
use super::{Generations, Projection};
use crate::errors::EmbeddedError;
use crate::failpoint::{Point, hit};

/// What a move did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    /// The file is complete up to this version.
    pub upto: u64,
    pub rows: u64,
    pub took: Duration,
}

/// What became of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    Done,
    Busy,
}

impl Projection {
    /// Moves everything that was hot when this began. `on_file` runs once the file has a generation,
    /// before its hot tables go.
    pub fn move_all(
        &self,
        connection: &Connection,
        mut on_file: impl FnMut(u64) -> Result<(), EmbeddedError>,
    ) -> Result<Moved, EmbeddedError> {
        let started = Instant::now();
        self.seal(connection)?;
        let sealed = self.generations();
        let mut moved = Moved::default();
        for generation in &sealed[..sealed.len() - 1] {
            hit(Point::BeforeMove)?;
            moved.upto = generation.last_version();
            moved.rows += generation.rows();
            self.move_generation(connection, generation.id, moved.upto)?;
            self.forget(generation.id);
            hit(Point::BeforeLogTrim)?;
            on_file(moved.upto)?;
            hit(Point::AfterLogTrim)?;
        }
        drop(sealed);
        self.drop_unread(connection)?;
        moved.took = started.elapsed();
        Ok(moved)
    }

    /// Lets everything enter that waits, and gives what follows a new generation, unless the newest is empty.
    fn seal(&self, connection: &Connection) -> Result<(), EmbeddedError> {
        let generations = self.generations();
        let newest = generations.last();
        if newest.is_none_or(|newest| newest.rows() == 0) && self.has_all_entered() {
            return Ok(());
        }
        // Before anybody is kept from entering: it takes DuckDB milliseconds.
        let next = self.create_generation(connection)?;
        let mut entering = self.entering();
        self.enter_waiting(&mut entering)?;
        self.begin_generation(next);
        Ok(())
    }

    fn move_generation(
        &self,
        connection: &Connection,
        id: u64,
        last: u64,
    ) -> Result<(), EmbeddedError> {
        connection.execute_batch("BEGIN")?;
        let moved = self.move_rows(connection, id, last);
        if moved.is_ok() {
            return Ok(connection.execute_batch("COMMIT")?);
        }
        // The first error says what is wrong; this one would only hide it.
        let _ = connection.execute_batch("ROLLBACK");
        moved
    }

    fn move_rows(&self, connection: &Connection, id: u64, last: u64) -> Result<(), EmbeddedError> {
        let already = upto(connection)?;
        for rows in Rows::ALL {
            let (file, hot, hidden) = (rows.in_file(), rows.hot(id), rows.hidden(id));
            if rows == Rows::Rollups {
                self.move_cells(connection, &hot, already)?;
                continue;
            }
            connection.execute_batch(&format!(
                "DELETE FROM {file} WHERE row_version IN (SELECT row_version FROM {hidden} WHERE row_version <= {already});\
                 INSERT INTO {file} SELECT * FROM {hot} WHERE row_version > {already} \
                 AND row_version NOT IN (SELECT row_version FROM {hidden}) ORDER BY {}",
                rows.order()
            ))?;
        }
        connection.execute_batch(&format!("UPDATE {FILE}.main.projection SET upto = {last}"))?;
        hit(Point::BeforeMoveCommit)
    }

    /// Takes a generation that the file has off the list.
    fn forget(&self, id: u64) {
        let _entering = self.entering();
        let kept = self
            .generations()
            .iter()
            .filter(|generation| generation.id != id)
            .cloned()
            .collect();
        self.publish(kept);
        self.unread.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether hot tables are still there that no query needs but those that began long ago.
    pub fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Acquire) > 0
    }

    /// Drops the hot tables that no reader holds any more.
    pub fn drop_unread(&self, connection: &Connection) -> Result<(), EmbeddedError> {
        let dropped = std::mem::take(&mut *self.dropped.lock().expect("no panic while held"));
        for id in dropped {
            connection.execute_batch(&drop_generation(id))?;
            self.unread.fetch_sub(1, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Writes the write-ahead log of the file into it, unless a transaction stands in the way just now: nothing is lost
    /// by doing it later. Readers and commits go on meanwhile.
    pub fn checkpoint(&self, connection: &Connection) -> Result<Checkpoint, EmbeddedError> {
        match connection.execute_batch(&format!("CHECKPOINT {FILE}")) {
            Ok(()) => Ok(Checkpoint::Done),
            Err(error) if error.to_string().contains("Cannot CHECKPOINT") => Ok(Checkpoint::Busy),
            Err(error) => Err(error.into()),
        }
    }

    /// How many generations exist, for figures.
    pub fn generation_count(&self) -> usize {
        let generations: Generations = self.generations();
        generations
            .iter()
            .filter(|generation| generation.rows.load(Ordering::Relaxed) > 0)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::EmbeddedOptions;
    use crate::projection::open::{attach, instance};
    use crate::projection::schema::create_file;

    #[test]
    fn a_checkpoint_that_a_transaction_stands_in_the_way_of_is_left_for_later() {
        let dir = tempfile::tempdir().unwrap();
        let root = instance(&EmbeddedOptions::new(dir.path()), dir.path()).unwrap();
        let file = dir.path().join("file.duckdb");
        attach(&root, &file, FILE).unwrap();
        root.execute_batch(&create_file(FILE, 1, 0)).unwrap();
        let writing = root.try_clone().unwrap();
        let projection = Projection::start(root, &file).unwrap();
        let connection = projection.connect().unwrap();

        let write = format!("BEGIN; UPDATE {FILE}.main.projection SET upto = 1");
        writing.execute_batch(&write).unwrap();
        assert_eq!(
            projection.checkpoint(&connection).unwrap(),
            Checkpoint::Busy
        );
        writing.execute_batch("COMMIT").unwrap();
        assert_eq!(
            projection.checkpoint(&connection).unwrap(),
            Checkpoint::Done
        );
        assert_eq!(upto(&connection).unwrap(), 1);
    }
}
