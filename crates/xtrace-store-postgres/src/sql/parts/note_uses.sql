-- Says what a payload names that is written during a sweep. Returns nothing.
INSERT INTO payload_uses (part, project, id)
SELECT date '1970-01-01' + part, project, id
FROM unnest($1::int[], $2::text[], $3::bytea[]) AS new (part, project, id)
