-- One trace with its payload, by primary key of the one partition that its key names.
SELECT k.part - date '1970-01-01' AS week, t.state AS trace_state, p.input, p.output, p.input_recipe, p.output_recipe,
       p.state
FROM trace_keys AS k
JOIN traces AS t ON t.part = k.part AND t.project = k.project AND t.id = k.trace_id
LEFT JOIN trace_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id
WHERE k.project = $1 AND k.trace_id = $2
