-- How many sessions there are: values that any trace has, from the sums and what is not in them yet.
SELECT count(*)
FROM (
    SELECT FROM rollup_cells WHERE project = $1 AND kind = $2 GROUP BY model HAVING sum(traces) > 0
) AS sessions
