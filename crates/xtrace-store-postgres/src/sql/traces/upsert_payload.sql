-- Writes trace payloads, in place of older ones by primary key. Returns nothing.
INSERT INTO trace_payloads (part, project, trace_id, input, output, state)
SELECT date '1970-01-01' + part, project, trace_id, input, output, state
FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
     AS new (part, project, trace_id, input, output, state)
ON CONFLICT (project, trace_id, part) DO UPDATE SET
    (input, output, state) = ROW (excluded.input, excluded.output, excluded.state)
