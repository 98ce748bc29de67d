-- The first hour from $1 on and before $2 whose rows can be packed, by index `metric_open_to_pack`. Absent after the last.
SELECT min(since) AS since FROM metric_open WHERE NOT is_dense AND since >= $1 AND since < $2
