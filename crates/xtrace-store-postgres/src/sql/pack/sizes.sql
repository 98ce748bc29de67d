-- Of the next series of an hour whose rows can be packed: how many points there are, rows (as many as $4 are counted) and
-- those of the chunk, by index `metric_open_to_pack` and primary keys.
SELECT o.series_id, r.count + coalesce(c.count, 0) AS count
FROM (
    SELECT series_id FROM metric_open WHERE NOT is_dense AND since = $1 AND series_id > $2 ORDER BY series_id LIMIT $3
) AS o
CROSS JOIN LATERAL (
    SELECT count(*) AS count
    FROM (
        SELECT FROM metric_points AS p
        WHERE p.series_id = o.series_id AND p."timestamp" >= $1 AND p."timestamp" < $1 + INTERVAL '1 hour' LIMIT $4
    ) AS counted
) AS r
LEFT JOIN metric_chunks AS c ON c.series_id = o.series_id AND c.since = $1
ORDER BY o.series_id
