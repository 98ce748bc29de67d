-- The stored values of points, by primary key. Unknown points are missing.
SELECT p.series_id, p."timestamp", p.value
FROM unnest($1::bigint[], $2::timestamptz[]) AS wanted (series_id, "timestamp")
JOIN metric_points AS p ON p.series_id = wanted.series_id AND p."timestamp" = wanted."timestamp"
