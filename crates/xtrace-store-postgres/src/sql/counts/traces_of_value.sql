-- How many traces have a value, from the sums and what is not in them yet.
SELECT coalesce(sum(traces), 0)::bigint AS count
FROM rollup_cells
WHERE project = $1 AND kind = $2 AND bucket = timestamptz '1970-01-01 00:00:00+00' AND model = xtrace_counted($3)
