-- Writes observation payloads, in place of older ones by primary key. Returns nothing.
INSERT INTO observation_payloads (part, project, trace_id, id, input, output, model_parameters, state)
SELECT date '1970-01-01' + part, project, trace_id, id, input, output, model_parameters, state
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])
     AS new (part, project, trace_id, id, input, output, model_parameters, state)
ON CONFLICT (project, trace_id, id, part) DO UPDATE SET
    (input, output, model_parameters, state)
    = ROW (excluded.input, excluded.output, excluded.model_parameters, excluded.state)
