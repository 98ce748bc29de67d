-- The newest point of each series before the Monday $2 (days from 1970): of the rows of the newest hour that has any, and of the
-- newest chunk, both by primary key. Of the same time, the row stands in place of the chunk's point.
SELECT wanted.id, newest."timestamp", newest.value
FROM unnest($1::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    (SELECT p."timestamp", p.value, true AS is_row
     FROM metric_open AS o
     CROSS JOIN LATERAL (
         SELECT "timestamp", value FROM metric_points
         WHERE series_id = wanted.id AND "timestamp" >= o.since AND "timestamp" < o.since + INTERVAL '1 hour'
         ORDER BY "timestamp" DESC LIMIT 1
     ) AS p
     WHERE o.series_id = wanted.id AND o.since < (date '1970-01-01' + $2)::timestamp AT TIME ZONE 'UTC'
     ORDER BY o.since DESC LIMIT 1)
    UNION ALL
    (SELECT newest, value, false FROM metric_chunks
     WHERE series_id = wanted.id AND since < (date '1970-01-01' + $2)::timestamp AT TIME ZONE 'UTC'
     ORDER BY since DESC LIMIT 1)
    ORDER BY 1 DESC, 3 DESC LIMIT 1
) AS newest
