-- Locks traces by primary key and in its order, and says in which week each is (days from 1970 to its Monday) and
-- whether that week has been retired. A trace deleted in between is missing.
SELECT k.project, k.trace_id, k.part - date '1970-01-01' AS part,
       EXISTS (SELECT FROM retired_parts AS r WHERE r.part = k.part) AS is_retired
FROM unnest($1::text[], $2::text[]) AS wanted (project, trace_id)
JOIN trace_keys AS k ON k.project = wanted.project AND k.trace_id = wanted.trace_id
ORDER BY k.project, k.trace_id
FOR NO KEY UPDATE OF k
