-- Removes those of the series, by primary key, that still have no points, and counts them off. Returns nothing.
WITH gone AS (
    DELETE FROM metric_series AS s
    WHERE s.id = ANY($1) AND NOT EXISTS (SELECT FROM metric_points AS p WHERE p.series_id = s.id)
      AND NOT EXISTS (SELECT FROM metric_chunks AS c WHERE c.series_id = s.id)
    RETURNING s.project
)
UPDATE metric_series_counts AS c SET series = c.series - g.series
FROM (SELECT project, count(*) AS series FROM gone GROUP BY project) AS g
WHERE c.project = g.project
