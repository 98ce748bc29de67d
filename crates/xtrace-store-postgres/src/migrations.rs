//! The schema: the files of `migrations/`, compiled in, applied at start and equally by `sqlx migrate run`.

use std::borrow::Cow;

use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

/// Version, description and text of each file `migrations/<version>_<description>.sql`.
const FILES: [(i64, &str, &str); 10] = [
    (
        1,
        "catalogue",
        include_str!("../../../migrations/0001_catalogue.sql"),
    ),
    (
        2,
        "telemetry",
        include_str!("../../../migrations/0002_telemetry.sql"),
    ),
    (
        3,
        "metrics",
        include_str!("../../../migrations/0003_metrics.sql"),
    ),
    (
        4,
        "parts",
        include_str!("../../../migrations/0004_parts.sql"),
    ),
    (
        5,
        "rollups",
        include_str!("../../../migrations/0005_rollups.sql"),
    ),
    (6, "hold", include_str!("../../../migrations/0006_hold.sql")),
    (
        7,
        "metric_chunks",
        include_str!("../../../migrations/0007_metric_chunks.sql"),
    ),
    (
        8,
        "counted_values",
        include_str!("../../../migrations/0008_counted_values.sql"),
    ),
    (
        9,
        "lists",
        include_str!("../../../migrations/0009_lists.sql"),
    ),
    (
        10,
        "series_counts",
        include_str!("../../../migrations/0010_series_counts.sql"),
    ),
];

/// Brings the schema up to date. Several processes may start at once: they take turns by an advisory lock.
pub async fn migrate(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let migrations = FILES.into_iter().map(|(version, description, text)| {
        let description = Cow::Borrowed(description);
        Migration::new(
            version,
            description,
            MigrationType::Simple,
            sqlx::SqlSafeStr::into_sql_str(text),
            false,
        )
    });
    // Not `run`: its future is `Send` for no caller that is generic over lifetimes.
    Migrator::with_migrations(migrations.collect())
        .run_direct(None, connection, false)
        .await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::FILES;

    #[test]
    fn knows_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| {
                Path::new(name)
                    .extension()
                    .is_some_and(|extension| extension == "sql")
            })
            .collect();
        found.sort();
        let known: Vec<String> = FILES
            .iter()
            .map(|(version, description, _)| format!("{version:04}_{description}.sql"))
            .collect();
        assert_eq!(found, known);
    }

    #[test]
    fn every_file_says_whether_it_is_safe_on_a_live_system() {
        for (_, description, text) in FILES {
            let comment: String = text
                .lines()
                .take_while(|line| line.starts_with("--"))
                .collect();
            assert!(comment.contains("afe on a live system"), "{description}");
        }
    }
}
