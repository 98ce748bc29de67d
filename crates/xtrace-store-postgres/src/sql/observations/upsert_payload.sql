-- Writes observation payloads, in place of older ones by primary key. Returns nothing.
INSERT INTO observation_payloads (
    part, project, trace_id, id, input_recipe, output_recipe, model_parameters, state
)
SELECT date '1970-01-01' + part, project, trace_id, id, input, output, model_parameters, state
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::text[], $8::bytea[])
     AS new (part, project, trace_id, id, input, output, model_parameters, state)
ON CONFLICT (project, trace_id, id, part) DO UPDATE SET
    (input, output, input_recipe, output_recipe, model_parameters, state)
    = ROW (NULL, NULL, excluded.input_recipe, excluded.output_recipe, excluded.model_parameters, excluded.state)
