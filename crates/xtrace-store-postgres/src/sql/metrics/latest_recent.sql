-- The newest point of each series since the Monday $2 (days from 1970), by primary key of the few partitions since.
SELECT wanted.id, newest."timestamp", newest.value
FROM unnest($1::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT p."timestamp", p.value FROM metric_points AS p
    WHERE p.series_id = wanted.id AND p."timestamp" >= (date '1970-01-01' + $2)::timestamp AT TIME ZONE 'UTC'
    ORDER BY p."timestamp" DESC LIMIT 1
) AS newest
