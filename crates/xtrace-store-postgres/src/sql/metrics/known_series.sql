-- How many of these series exist, by primary key.
SELECT count(*) FROM unnest($1::bigint[]) AS wanted (id) JOIN metric_series AS s ON s.id = wanted.id
