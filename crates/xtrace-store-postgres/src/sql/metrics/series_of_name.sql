-- The series of one name with their labels, by unique key.
SELECT id, labels::text AS labels FROM metric_series WHERE project = $1 AND name = $2
