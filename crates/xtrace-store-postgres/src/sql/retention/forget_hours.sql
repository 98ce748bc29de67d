-- Forgets hours before $1, whose rows are gone. Returns nothing.
DELETE FROM metric_open AS o
WHERE o.since < $1 AND NOT EXISTS (
    SELECT FROM metric_points AS p
    WHERE p.series_id = o.series_id AND p."timestamp" >= o.since AND p."timestamp" < o.since + INTERVAL '1 hour'
)
