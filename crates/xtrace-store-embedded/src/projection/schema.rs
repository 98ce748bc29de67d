//! Tables: the file's, and each generation's.

use std::fmt::Write;

use xtrace_query::ViewDef;
use xtrace_query::observations::OBSERVATIONS;
use xtrace_query::traces::TRACES;

use super::columns::sql_type;
use super::rollups;

/// The end of the definition of sums that may be wider than 64 bits.
const WIDE: &str = "DECIMAL(38,0) NOT NULL";

/// The catalog of the database file. Hot tables are in the default catalog, in memory.
pub const FILE: &str = "file";

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    Traces,
    Observations,
    Points,
    /// Cells of rollups, any number of rows for each, which are to be added up. None is ever hidden.
    Rollups,
}

impl Rows {
    pub const ALL: [Self; 4] = [
        Self::Traces,
        Self::Observations,
        Self::Points,
        Self::Rollups,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => TRACES.table,
            Self::Observations => OBSERVATIONS.table,
            Self::Points => "points",
            Self::Rollups => "rollups",
        }
    }

    /// Whether rows of it have versions that hide older ones.
    pub fn can_be_hidden(self) -> bool {
        self != Self::Rollups
    }

    pub fn in_file(self) -> String {
        format!("{FILE}.main.{}", self.name())
    }

    pub fn hot(self, generation: u64) -> String {
        format!("{}_{generation}", self.name())
    }

    /// Versions that a generation hides, its own and older ones.
    pub fn hidden(self, generation: u64) -> String {
        format!("hidden_{}_{generation}", self.name())
    }

    /// The order in which rows enter the file: by time, so that blocks without rows of a period are
    /// skipped, and the newest first, so that the newest are found before the rest is looked at.
    pub fn order(self) -> String {
        match self {
            Self::Traces => format!("{} DESC", TRACES.time.column),
            Self::Observations => format!("{} DESC", OBSERVATIONS.time.column),
            Self::Points => "series_id, timestamp".to_owned(),
            Self::Rollups => "project, kind, bucket".to_owned(),
        }
    }

    fn columns(self) -> String {
        match self {
            Self::Traces => view_columns(&TRACES),
            Self::Observations => view_columns(&OBSERVATIONS),
            Self::Points => "row_version BIGINT NOT NULL, series_id BIGINT NOT NULL, \
                             timestamp TIMESTAMP NOT NULL, value DOUBLE NOT NULL"
                .to_owned(),
            Self::Rollups => rollups::COLUMNS.to_owned(),
        }
    }
}

/// The columns as the file keeps them. Nothing here is part of the fingerprint.
fn columns_in_file(rows: Rows) -> String {
    match rows {
        // Unpacking whole numbers of 128 bits takes DuckDB half a microsecond each; there are few of these.
        Rows::Rollups => rows
            .columns()
            .replace(WIDE, &format!("{WIDE} USING COMPRESSION uncompressed")),
        _ => rows.columns(),
    }
}

fn view_columns(def: &ViewDef) -> String {
    let mut columns = "row_version BIGINT NOT NULL, project VARCHAR NOT NULL".to_owned();
    for field in def.fields {
        write!(columns, ", \"{}\" {}", field.column, sql_type(field.kind))
            .expect("a string takes any text");
    }
    columns
}

/// A digest of the columns: a file made for other columns is rebuilt.
pub fn fingerprint() -> u64 {
    fingerprint_of(&Rows::ALL)
}

/// That of files of before there were rollups.
pub fn fingerprint_without_rollups() -> u64 {
    fingerprint_of(&[Rows::Traces, Rows::Observations, Rows::Points])
}

fn fingerprint_of(tables: &[Rows]) -> u64 {
    let text: String = tables
        .iter()
        .map(|rows| rows.name().to_owned() + &rows.columns())
        .collect();
    // FNV-1a: stable over versions of Rust, unlike the standard hasher.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The table of rollups for a file that has none.
pub fn create_rollups() -> String {
    format!(
        "CREATE TABLE {} ({});UPDATE {FILE}.main.projection SET fingerprint = {}",
        Rows::Rollups.in_file(),
        columns_in_file(Rows::Rollups),
        fingerprint()
    )
}

/// The tables of a new file. `projection` has one row: how far the log is projected.
pub fn create_file(catalog: &str, store_id: u64, upto: u64) -> String {
    let mut sql = "BEGIN;".to_owned();
    for rows in Rows::ALL {
        write!(
            sql,
            "CREATE TABLE {catalog}.main.{} ({});",
            rows.name(),
            columns_in_file(rows)
        )
        .expect("a string takes any text");
    }
    let fingerprint = fingerprint();
    write!(
        sql,
        "CREATE TABLE {catalog}.main.projection (upto UBIGINT NOT NULL, store UBIGINT NOT NULL, \
         fingerprint UBIGINT NOT NULL);\
         INSERT INTO {catalog}.main.projection VALUES ({upto}, {store_id}, {fingerprint});COMMIT"
    )
    .expect("a string takes any text");
    sql
}

pub fn create_generation(id: u64) -> String {
    let mut sql = "BEGIN;".to_owned();
    for rows in Rows::ALL {
        let (hot, hidden) = (rows.hot(id), rows.hidden(id));
        write!(sql, "CREATE TABLE {hot} ({});", rows.columns()).expect("a string takes any text");
        if rows.can_be_hidden() {
            write!(sql, "CREATE TABLE {hidden} (row_version BIGINT NOT NULL);")
                .expect("a string takes any text");
        }
    }
    sql + "COMMIT"
}

pub fn drop_generation(id: u64) -> String {
    let mut sql = "BEGIN;".to_owned();
    for rows in Rows::ALL {
        let (hot, hidden) = (rows.hot(id), rows.hidden(id));
        write!(
            sql,
            "DROP TABLE IF EXISTS {hot};DROP TABLE IF EXISTS {hidden};"
        )
        .expect("a string takes any text");
    }
    sql + "COMMIT"
}
