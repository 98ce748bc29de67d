-- Payloads of traces with the positions of their ids, from one; by primary key. Unknown traces are missing.
SELECT wanted.position, p.input, p.output, p.state AS payload_state
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (trace_id, position)
JOIN trace_keys AS k ON k.project = $1 AND k.trace_id = wanted.trace_id
JOIN trace_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id
