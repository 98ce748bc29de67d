-- Brings unknown series into being, in order of their keys, and counts them. Returns nothing.
WITH added AS (
    INSERT INTO metric_series (project, name, labels, labels_hash)
    SELECT project, name, labels::jsonb, sha256(convert_to(labels, 'UTF8')) AS labels_hash
    FROM unnest($1::text[], $2::text[], $3::text[]) AS new (project, name, labels)
    ORDER BY project COLLATE "C", name COLLATE "C", labels_hash
    ON CONFLICT (project, name, labels_hash) DO NOTHING
    RETURNING project
)
UPDATE metric_series_counts AS c SET series = c.series + a.series
FROM (SELECT project, count(*) AS series FROM added GROUP BY project) AS a
WHERE c.project = a.project
