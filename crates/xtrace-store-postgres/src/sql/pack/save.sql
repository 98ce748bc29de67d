-- Puts chunks in the place of all rows and chunks of some series ($1) and an hour ($2); those that have no chunk any more
-- ($3) lose the one they had. By primary keys. Returns nothing.
WITH rows_gone AS (
    DELETE FROM metric_points AS p USING unnest($1::bigint[]) AS w (series_id)
    WHERE p.series_id = w.series_id AND p."timestamp" >= $2 AND p."timestamp" < $2 + INTERVAL '1 hour'
), closed AS (
    DELETE FROM metric_open AS o USING unnest($1::bigint[]) AS w (series_id)
    WHERE o.series_id = w.series_id AND o.since = $2
), chunks_gone AS (
    DELETE FROM metric_chunks AS c USING unnest($3::bigint[]) AS w (series_id)
    WHERE c.series_id = w.series_id AND c.since = $2
)
INSERT INTO metric_chunks (series_id, since, newest, value, count, points)
SELECT series_id, $2, newest, value, count, points
FROM unnest($4::bigint[], $5::timestamptz[], $6::float8[], $7::int[], $8::bytea[])
     AS new (series_id, newest, value, count, points)
ON CONFLICT (series_id, since) DO UPDATE SET
    (newest, value, count, points) = ROW (excluded.newest, excluded.value, excluded.count, excluded.points)
