-- The recipes of the next 500 traces of a week and project after $3, by primary key of one partition.
SELECT trace_id, input_recipe, output_recipe FROM trace_payloads
WHERE part = date '1970-01-01' + $1 AND project = $2 AND trace_id > $3
ORDER BY trace_id LIMIT 500
