-- How many series these projects have, each once and in order; until the transaction ends nobody else adds any.
INSERT INTO metric_series_counts AS c (project, series)
SELECT project, 0 FROM unnest($1::text[]) AS wanted (project)
ON CONFLICT (project) DO UPDATE SET series = c.series
RETURNING c.project, c.series
