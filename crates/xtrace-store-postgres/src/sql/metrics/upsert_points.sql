-- Writes points, in place of other values by primary key and in its order, and notes their hours. Returns those that are
-- new or changed.
WITH opened AS (
    INSERT INTO metric_open (series_id, since)
    SELECT series_id, since FROM unnest($4::bigint[], $5::timestamptz[]) AS new (series_id, since)
    ORDER BY series_id, since
    ON CONFLICT (series_id, since) DO NOTHING
)
INSERT INTO metric_points AS stored (series_id, "timestamp", value)
SELECT series_id, "timestamp", value
FROM unnest($1::bigint[], $2::timestamptz[], $3::float8[]) AS new (series_id, "timestamp", value)
ORDER BY series_id, "timestamp"
ON CONFLICT (series_id, "timestamp") DO UPDATE SET value = excluded.value WHERE stored.value <> excluded.value
RETURNING series_id, "timestamp"
