-- Payloads of traces with the positions of their ids, from one; by primary key. Unknown traces are missing.
SELECT wanted.position, p.part - date '1970-01-01' AS week, p.input, p.output, p.input_recipe, p.output_recipe, p.state
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (trace_id, position)
JOIN trace_keys AS k ON k.project = $1 AND k.trace_id = wanted.trace_id
JOIN trace_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id
