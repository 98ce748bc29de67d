-- Brings unknown traces into being, in order of their keys, so that two writers wait for each other and never in a
-- circle. A key that another writer is just adding is waited for. Returns the keys that were new.
INSERT INTO trace_keys (project, trace_id, part)
SELECT project, trace_id, date '1970-01-01' + $3
FROM unnest($1::text[], $2::text[]) AS new (project, trace_id)
ORDER BY project COLLATE "C", trace_id COLLATE "C"
ON CONFLICT (project, trace_id) DO NOTHING
RETURNING project, trace_id
