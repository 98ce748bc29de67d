-- Writes points, in place of other values by primary key and in its order. Returns those that are new or changed.
INSERT INTO metric_points AS stored (series_id, "timestamp", value)
SELECT series_id, "timestamp", value
FROM unnest($1::bigint[], $2::timestamptz[], $3::float8[]) AS new (series_id, "timestamp", value)
ORDER BY series_id, "timestamp"
ON CONFLICT (series_id, "timestamp") DO UPDATE SET value = excluded.value WHERE stored.value <> excluded.value
RETURNING series_id, "timestamp"
