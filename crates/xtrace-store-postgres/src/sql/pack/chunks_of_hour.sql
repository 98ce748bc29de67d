-- The next series that have a chunk of an hour, by primary key of one partition.
SELECT series_id, count::bigint AS count FROM metric_chunks WHERE since = $1 AND series_id > $2 ORDER BY series_id LIMIT $3
