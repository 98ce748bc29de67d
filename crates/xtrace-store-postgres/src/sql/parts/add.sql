-- Adds parts that are not there yet, in the order of the arrays, which is the same for all writers: one that another
-- writer is just adding is waited for, and nobody waits in a circle. Returns nothing.
INSERT INTO payload_parts (part, project, id, has_parts, body)
SELECT date '1970-01-01' + part, project, id, has_parts, body
FROM unnest($1::int[], $2::text[], $3::bytea[], $4::boolean[], $5::bytea[]) AS new (part, project, id, has_parts, body)
ON CONFLICT (project, id, part) DO NOTHING
