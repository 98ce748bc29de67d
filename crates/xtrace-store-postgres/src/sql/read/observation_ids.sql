-- The ids of the observations of traces with the positions of the traces' ids, from one, each trace's in order; by
-- primary key of the partitions that the traces' keys name.
SELECT wanted.position, o.id
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (trace_id, position)
JOIN trace_keys AS k ON k.project = $1 AND k.trace_id = wanted.trace_id
JOIN observations AS o ON o.part = k.part AND o.project = k.project AND o.trace_id = k.trace_id
ORDER BY wanted.position, o.start_time, o.id
