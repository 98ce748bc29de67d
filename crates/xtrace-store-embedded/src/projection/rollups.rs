//! Rollups in the projection: rows that are to be added up, in the hot tables one for each cell that a commit changed, in
//! the file a few for each cell.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use duckdb::Connection;
use duckdb::arrow::array::{
    ArrayRef, Decimal128Builder, Int16Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use duckdb::arrow::datatypes::{DataType, Field, Schema};
use xtrace_model::money::USD_SCALE;
use xtrace_model::{Cell, ProjectId, Sums};

use super::Projection;
use super::schema::Rows;
use crate::errors::EmbeddedError;

/// All digits DuckDB has.
const DIGITS: u8 = 38;
const MONEY_SCALE: i8 = USD_SCALE as i8;
/// Rows of the file are added up once there are twice as many as cells, and so many more.
const ROWS_FEW: u64 = 10_000;
/// Definitions of the columns.
pub const COLUMNS: &str = "row_version BIGINT NOT NULL, project VARCHAR NOT NULL, kind SMALLINT NOT NULL, \
    bucket TIMESTAMP NOT NULL, model VARCHAR NOT NULL, traces BIGINT NOT NULL, observations BIGINT NOT NULL, \
    sent_traces BIGINT NOT NULL, input_tokens DECIMAL(38,0) NOT NULL, output_tokens DECIMAL(38,0) NOT NULL, \
    total_tokens DECIMAL(38,0) NOT NULL, cost DECIMAL(38,12) NOT NULL, sent_cost DECIMAL(38,12) NOT NULL";
/// Their names.
const NAMES: [&str; 13] = [
    "row_version",
    "project",
    "kind",
    "bucket",
    "model",
    "traces",
    "observations",
    "sent_traces",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cost",
    "sent_cost",
];
/// What is added up, after the version.
const SUMS: &str = "project, kind, bucket, model, CAST(SUM(traces) AS BIGINT), CAST(SUM(observations) AS BIGINT), \
    CAST(SUM(sent_traces) AS BIGINT), SUM(input_tokens), SUM(output_tokens), SUM(total_tokens), SUM(cost), SUM(sent_cost)";

/// Collects rows.
pub struct CellRows {
    version: Int64Builder,
    project: StringBuilder,
    kind: Int16Builder,
    bucket: TimestampMicrosecondBuilder,
    model: StringBuilder,
    counts: [Int64Builder; 3],
    tokens: [Decimal128Builder; 3],
    costs: [Decimal128Builder; 2],
    rows: usize,
}

impl Default for CellRows {
    fn default() -> Self {
        let decimal =
            |scale| Decimal128Builder::new().with_data_type(DataType::Decimal128(DIGITS, scale));
        Self {
            version: Int64Builder::new(),
            project: StringBuilder::new(),
            kind: Int16Builder::new(),
            bucket: TimestampMicrosecondBuilder::new(),
            model: StringBuilder::new(),
            counts: std::array::from_fn(|_| Int64Builder::new()),
            tokens: std::array::from_fn(|_| decimal(0)),
            costs: std::array::from_fn(|_| decimal(MONEY_SCALE)),
            rows: 0,
        }
    }
}

impl CellRows {
    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn push(&mut self, version: u64, project: &ProjectId, cell: &Cell, sums: &Sums) {
        self.version.append_value(version.cast_signed());
        self.project.append_value(project.as_str());
        self.kind.append_value(cell.kind());
        self.bucket.append_value(cell.bucket().as_micros());
        self.model.append_value(cell.model());
        let counts = [sums.traces, sums.observations, sums.sent_traces];
        for (builder, count) in self.counts.iter_mut().zip(counts) {
            builder.append_value(count);
        }
        let tokens = [sums.input_tokens, sums.output_tokens, sums.total_tokens];
        for (builder, tokens) in self.tokens.iter_mut().zip(tokens) {
            builder.append_value(tokens);
        }
        for (builder, cost) in self.costs.iter_mut().zip([sums.cost, sums.sent_cost]) {
            builder.append_value(cost.units());
        }
        self.rows += 1;
    }

    /// The rows as a batch, in the order of [`COLUMNS`]; the collector is empty again afterwards.
    pub fn finish(&mut self) -> Result<RecordBatch, EmbeddedError> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.version.finish()),
            Arc::new(self.project.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.bucket.finish()),
            Arc::new(self.model.finish()),
        ];
        for builder in &mut self.counts {
            arrays.push(Arc::new(builder.finish()));
        }
        for builder in self.tokens.iter_mut().chain(&mut self.costs) {
            arrays.push(Arc::new(builder.finish()));
        }
        self.rows = 0;
        let fields: Vec<Field> = NAMES
            .into_iter()
            .zip(&arrays)
            .map(|(name, array)| Field::new(name, array.data_type().clone(), false))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(EmbeddedError::arrow)
    }
}

impl Projection {
    /// Moves a generation's rows into the file, one for each cell; now and then adds up all that is there.
    pub(super) fn move_cells(
        &self,
        connection: &Connection,
        hot: &str,
        already: u64,
    ) -> Result<(), EmbeddedError> {
        let file = Rows::Rollups.in_file();
        connection.execute_batch(&format!(
            "INSERT INTO {file} SELECT MAX(row_version), {SUMS} FROM {hot} WHERE row_version > {already} \
             GROUP BY project, kind, bucket, model ORDER BY {}",
            Rows::Rollups.order()
        ))?;
        let cells = self.cells.load(Ordering::Relaxed);
        if rows(connection)? > cells.saturating_mul(2).saturating_add(ROWS_FEW) {
            add_up(connection)?;
            self.cells.store(rows(connection)?, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn rows(connection: &Connection) -> Result<u64, EmbeddedError> {
    let sql = format!("SELECT count(*) FROM {}", Rows::Rollups.in_file());
    Ok(connection.query_row(&sql, [], |row| row.get(0))?)
}

/// Leaves one row in the file for each cell that is not zero.
pub fn add_up(connection: &Connection) -> Result<(), EmbeddedError> {
    let file = Rows::Rollups.in_file();
    // What is added up has a version of its own, by which it is told from all that it was made of.
    let least = format!("SELECT CAST(COALESCE(MIN(row_version), 0) AS BIGINT) FROM {file}");
    let least: i64 = connection.query_row(&least, [], |row| row.get(0))?;
    let version = least.min(0) - 1;
    connection.execute_batch(&format!(
        "INSERT INTO {file} SELECT {version}, {SUMS} FROM {file} GROUP BY project, kind, bucket, model \
         HAVING SUM(traces) <> 0 OR SUM(observations) <> 0 OR SUM(sent_traces) <> 0 OR SUM(input_tokens) <> 0 \
         OR SUM(output_tokens) <> 0 OR SUM(total_tokens) <> 0 OR SUM(cost) <> 0 OR SUM(sent_cost) <> 0 ORDER BY {};\
         DELETE FROM {file} WHERE row_version <> {version}",
        Rows::Rollups.order()
    ))?;
    Ok(())
}
