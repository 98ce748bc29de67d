-- Says of some series ($1) and an hour ($2) that their points stay rows, by primary key. Returns nothing.
UPDATE metric_open AS o SET is_dense = true FROM unnest($1::bigint[]) AS w (series_id)
WHERE o.series_id = w.series_id AND o.since = $2
