-- The states of all observations of locked traces, by primary key, for making their summaries anew.
SELECT wanted.position, p.id, p.state
FROM unnest($1::int[], $2::int[], $3::text[], $4::text[]) AS wanted (position, part, project, trace_id)
JOIN observation_payloads AS p ON p.part = date '1970-01-01' + wanted.part AND p.project = wanted.project
     AND p.trace_id = wanted.trace_id
