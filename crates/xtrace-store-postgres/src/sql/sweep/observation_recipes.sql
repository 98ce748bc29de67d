-- The recipes of the next 500 observations of a week and project after ($3, $4), by primary key of one partition.
SELECT trace_id, id, input_recipe, output_recipe FROM observation_payloads
WHERE part = date '1970-01-01' + $1 AND project = $2 AND (trace_id, id) > ($3, $4)
ORDER BY trace_id, id LIMIT 500
