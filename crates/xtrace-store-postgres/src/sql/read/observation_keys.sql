-- The keys of the observations with one id, by index `observations_by_id`.
SELECT trace_id, id FROM observations WHERE project = $1 AND id = $2 ORDER BY trace_id LIMIT 100
