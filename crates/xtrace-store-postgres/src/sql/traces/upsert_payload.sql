-- Writes trace payloads, in place of older ones by primary key. Returns nothing.
INSERT INTO trace_payloads (part, project, trace_id, input_recipe, output_recipe, state)
SELECT date '1970-01-01' + part, project, trace_id, input, output, state
FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
     AS new (part, project, trace_id, input, output, state)
ON CONFLICT (project, trace_id, part) DO UPDATE SET
    (input, output, input_recipe, output_recipe, state)
    = ROW (NULL, NULL, excluded.input_recipe, excluded.output_recipe, excluded.state)
