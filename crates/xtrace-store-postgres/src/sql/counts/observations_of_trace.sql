-- How many observations a trace has: its row knows. By primary key of each partition.
SELECT coalesce(sum(observation_count), 0)::bigint AS count FROM traces WHERE project = $1 AND id = $2
