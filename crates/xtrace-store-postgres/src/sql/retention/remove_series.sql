-- Removes those of the series, by primary key, that still have no points. Returns nothing.
DELETE FROM metric_series AS s
WHERE s.id = ANY($1) AND NOT EXISTS (SELECT FROM metric_points AS p WHERE p.series_id = s.id)
  AND NOT EXISTS (SELECT FROM metric_chunks AS c WHERE c.series_id = s.id)
