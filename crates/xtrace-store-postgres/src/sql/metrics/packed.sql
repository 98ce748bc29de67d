-- The chunks of these series and hours, by primary key. Where there is none it is missing.
SELECT c.series_id, c.since, c.points
FROM unnest($1::bigint[], $2::timestamptz[]) AS wanted (series_id, since)
JOIN metric_chunks AS c ON c.series_id = wanted.series_id AND c.since = wanted.since
