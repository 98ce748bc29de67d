-- The states of locked traces with the weeks they are in (days from 1970 to the Monday), by primary key. Keys of a
-- retired week have none.
SELECT t.part - date '1970-01-01' AS week, t.project, t.id, t.state
FROM unnest($1::text[], $2::text[]) AS locked (project, trace_id)
JOIN trace_keys AS k ON k.project = locked.project AND k.trace_id = locked.trace_id
JOIN traces AS t ON t.part = k.part AND t.project = k.project AND t.id = k.trace_id
