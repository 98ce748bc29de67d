-- The states of observations of locked traces, by primary key. Unknown ones are missing.
SELECT wanted.position, p.input, p.output, p.input_recipe, p.output_recipe, p.model_parameters, p.state
FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[])
     AS wanted (position, part, project, trace_id, id)
JOIN observation_payloads AS p ON p.part = date '1970-01-01' + wanted.part AND p.project = wanted.project
     AND p.trace_id = wanted.trace_id AND p.id = wanted.id
