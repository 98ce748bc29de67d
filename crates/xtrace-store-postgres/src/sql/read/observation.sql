-- One observation with its payload, by primary key of the one partition that its trace's key names.
SELECT p.part - date '1970-01-01' AS week, p.trace_id, p.id, p.state, p.input, p.output, p.input_recipe,
       p.output_recipe, p.model_parameters
FROM trace_keys AS k
JOIN observation_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id AND p.id = $3
WHERE k.project = $1 AND k.trace_id = $2
