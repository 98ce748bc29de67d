-- Some series without points, in order of their ids, beginning after $1; one look into each partition per series.
SELECT s.id FROM metric_series AS s
WHERE s.id > $1 AND NOT EXISTS (SELECT FROM metric_points AS p WHERE p.series_id = s.id)
ORDER BY s.id LIMIT 500
