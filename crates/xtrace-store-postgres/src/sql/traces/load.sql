-- The states of locked traces, by primary key; with payloads where asked for. Traces without a row are missing.
SELECT wanted.position, t.state, p.input, p.output, p.input_recipe, p.output_recipe, p.state AS payload_state
FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::boolean[])
     AS wanted (position, part, project, trace_id, with_payload)
JOIN traces AS t ON t.part = date '1970-01-01' + wanted.part AND t.project = wanted.project AND t.id = wanted.trace_id
LEFT JOIN trace_payloads AS p ON wanted.with_payload
     AND p.part = date '1970-01-01' + wanted.part AND p.project = wanted.project AND p.trace_id = wanted.trace_id
