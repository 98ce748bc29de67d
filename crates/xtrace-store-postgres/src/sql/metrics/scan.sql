-- What there is of some series in the hours from $2 on and before $3, in one snapshot: chunks by primary key, and the rows
-- of hours that have any, in arrays. Rows stand in place of a chunk's points of the same time.
SELECT c.series_id, c.since, c.points, NULL::timestamptz[] AS times, NULL::float8[] AS values
FROM unnest($1::bigint[]) AS wanted (series_id)
JOIN metric_chunks AS c ON c.series_id = wanted.series_id AND c.since >= $2 AND c.since < $3
UNION ALL
SELECT o.series_id, o.since, NULL, r.times, r.values
FROM unnest($1::bigint[]) AS wanted (series_id)
JOIN metric_open AS o ON o.series_id = wanted.series_id AND o.since >= $2 AND o.since < $3
CROSS JOIN LATERAL (
    SELECT array_agg(p."timestamp") AS times, array_agg(p.value) AS values FROM metric_points AS p
    WHERE p.series_id = o.series_id AND p."timestamp" >= o.since AND p."timestamp" < o.since + INTERVAL '1 hour'
      AND p."timestamp" >= $2 AND p."timestamp" < $3
) AS r
WHERE r.times IS NOT NULL
