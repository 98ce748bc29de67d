-- Those of the locked traces that are old, as they are now, by primary key.
SELECT t.project, t.id AS trace_id
FROM unnest($1::text[], $2::text[]) AS locked (project, trace_id)
JOIN trace_keys AS k ON k.project = locked.project AND k.trace_id = locked.trace_id
JOIN traces AS t ON t.part = k.part AND t.project = k.project AND t.id = k.trace_id
WHERE t.last_activity < $3
