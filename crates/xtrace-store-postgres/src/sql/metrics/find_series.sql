-- The ids of series, by unique key; in the order asked for, absent where there is no such series.
SELECT s.id
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (project, name, labels, position)
LEFT JOIN metric_series AS s ON s.project = wanted.project AND s.name = wanted.name
     AND s.labels_hash = sha256(convert_to(wanted.labels, 'UTF8'))
ORDER BY wanted.position
