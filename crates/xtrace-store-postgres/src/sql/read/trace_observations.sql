-- The observations of a trace in order, with the texts of their payloads where asked for; by primary key of the one
-- partition that the trace's key names.
SELECT p.part - date '1970-01-01' AS week, o.trace_id, o.id, p.state,
       CASE WHEN $3 THEN p.input END AS input, CASE WHEN $3 THEN p.output END AS output,
       CASE WHEN $3 THEN p.input_recipe END AS input_recipe, CASE WHEN $3 THEN p.output_recipe END AS output_recipe,
       CASE WHEN $3 THEN p.model_parameters END AS model_parameters
FROM (
    SELECT o.part, o.project, o.trace_id, o.id, o.start_time
    FROM trace_keys AS k
    JOIN observations AS o ON o.part = k.part AND o.project = k.project AND o.trace_id = k.trace_id
    WHERE k.project = $1 AND k.trace_id = $2
    ORDER BY o.start_time, o.id
    LIMIT $4 OFFSET $5
) AS o
JOIN observation_payloads AS p ON p.part = o.part AND p.project = o.project AND p.trace_id = o.trace_id AND p.id = o.id
ORDER BY o.start_time, o.id
