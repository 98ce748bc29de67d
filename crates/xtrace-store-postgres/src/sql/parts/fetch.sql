-- Parts of one week and project, by primary key of one partition. Unknown ones are missing.
SELECT id, body FROM payload_parts WHERE part = date '1970-01-01' + $1 AND project = $2 AND id = ANY($3)
