-- Locks some of the oldest traces, by index `traces_oldest`, then in the order of their keys. Traces that a writer
-- holds are left out.
SELECT k.project, k.trace_id
FROM (SELECT part, project, id FROM traces WHERE last_activity < $1 ORDER BY last_activity LIMIT 500) AS old
JOIN trace_keys AS k ON k.project = old.project AND k.trace_id = old.id AND k.part = old.part
ORDER BY k.project, k.trace_id
FOR UPDATE OF k SKIP LOCKED
