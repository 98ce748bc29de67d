-- Locks traces by primary key and in its order. Returns the keys that there are.
SELECT k.project, k.trace_id
FROM unnest($1::text[], $2::text[]) AS wanted (project, trace_id)
JOIN trace_keys AS k ON k.project = wanted.project AND k.trace_id = wanted.trace_id
ORDER BY k.project, k.trace_id
FOR UPDATE OF k
