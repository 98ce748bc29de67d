-- One observation with its payload, by primary key of the one partition that its trace's key names.
SELECT p.trace_id, p.id, p.state, p.input, p.output, p.model_parameters
FROM trace_keys AS k
JOIN observation_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id AND p.id = $3
WHERE k.project = $1 AND k.trace_id = $2
