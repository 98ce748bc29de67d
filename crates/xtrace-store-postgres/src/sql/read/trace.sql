-- One trace with its payload, by primary key of the one partition that its key names.
SELECT t.state, p.input, p.output, p.state AS payload_state
FROM trace_keys AS k
JOIN traces AS t ON t.part = k.part AND t.project = k.project AND t.id = k.trace_id
LEFT JOIN trace_payloads AS p ON p.part = k.part AND p.project = k.project AND p.trace_id = k.trace_id
WHERE k.project = $1 AND k.trace_id = $2
