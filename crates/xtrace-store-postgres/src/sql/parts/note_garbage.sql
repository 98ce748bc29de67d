-- Says where parts may be left that nothing names. Returns nothing.
INSERT INTO payload_garbage (part, project)
SELECT date '1970-01-01' + part, project FROM unnest($1::int[], $2::text[]) AS new (part, project)
