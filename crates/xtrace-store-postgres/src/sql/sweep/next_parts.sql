-- Of the next 10,000 parts of a week and project after $3, by primary key of one partition: the last, and those that
-- are not named. Both are absent after the last part.
SELECT (array_agg(p.id ORDER BY p.id DESC))[1] AS last, array_agg(p.id) FILTER (WHERE NOT p.is_named) AS unnamed
FROM (
    SELECT n.id, EXISTS (SELECT FROM payload_named AS named WHERE named.id = n.id) AS is_named
    FROM (
        SELECT id FROM payload_parts
        WHERE part = date '1970-01-01' + $1 AND project = $2 AND id > $3
        ORDER BY id LIMIT 10000
    ) AS n
) AS p
