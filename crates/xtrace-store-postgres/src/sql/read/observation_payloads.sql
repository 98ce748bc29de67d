-- Payloads of observations with the positions of their keys, from one; by primary key. Unknown ones are missing.
SELECT wanted.position, p.part - date '1970-01-01' AS week, p.state, p.input, p.output, p.input_recipe,
       p.output_recipe, p.model_parameters
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (trace_id, id, position)
JOIN trace_keys AS k ON k.project = $1 AND k.trace_id = wanted.trace_id
JOIN observation_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id
     AND p.id = wanted.id
