-- Bytes of the whole database on disk, and series of all projects.
SELECT pg_database_size(current_database()) AS bytes,
  (SELECT COALESCE(sum(series), 0)::float8 FROM metric_series_counts) AS series
