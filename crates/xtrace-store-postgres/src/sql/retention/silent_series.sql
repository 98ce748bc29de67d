-- Of the next 10,000 series after $1, in order of their ids: the last id, and the ids of those without points; one look
-- into each partition per series. Both are absent after the last series.
SELECT max(s.id) AS last, array_agg(s.id) FILTER (WHERE s.is_silent) AS silent
FROM (
    SELECT n.id,
           NOT EXISTS (SELECT FROM metric_points AS p WHERE p.series_id = n.id)
           AND NOT EXISTS (SELECT FROM metric_chunks AS c WHERE c.series_id = n.id) AS is_silent
    FROM (SELECT id FROM metric_series WHERE id > $1 ORDER BY id LIMIT 10000) AS n
) AS s
