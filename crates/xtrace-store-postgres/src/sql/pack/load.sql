-- Chunks and rows of some series and one hour, by primary keys; either may be absent.
SELECT wanted.series_id, c.points, r.times, r.values
FROM unnest($1::bigint[]) AS wanted (series_id)
LEFT JOIN metric_chunks AS c ON c.series_id = wanted.series_id AND c.since = $2
CROSS JOIN LATERAL (
    SELECT array_agg(p."timestamp") AS times, array_agg(p.value) AS values FROM metric_points AS p
    WHERE p.series_id = wanted.series_id AND p."timestamp" >= $2 AND p."timestamp" < $2 + INTERVAL '1 hour'
) AS r
