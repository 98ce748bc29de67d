//! The linked DuckDB library is the one the engine was written for.

#[test]
fn the_linked_library_is_the_version_the_crate_was_made_for() {
    let db = duckdb::Connection::open_in_memory().unwrap();
    let version: String = db
        .query_row("SELECT version()", [], |row| row.get(0))
        .unwrap();
    assert_eq!(
        version, "v1.5.6",
        "run `make duckdb`, or look at DUCKDB_LIB_DIR"
    );
}
