-- Whether there are at least $4 chunks of some series in the hours from $2 on and before $3, by primary key.
SELECT count(*) >= $4
FROM (
    SELECT FROM unnest($1::bigint[]) AS wanted (series_id)
    JOIN metric_chunks AS c ON c.series_id = wanted.series_id AND c.since >= $2 AND c.since < $3
    LIMIT $4
) AS counted
