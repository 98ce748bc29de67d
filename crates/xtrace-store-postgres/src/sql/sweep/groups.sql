-- Those of some parts of a week and project that name parts themselves, by primary key of one partition.
SELECT id, body FROM payload_parts
WHERE part = date '1970-01-01' + $1 AND project = $2 AND id = ANY($3) AND has_parts
