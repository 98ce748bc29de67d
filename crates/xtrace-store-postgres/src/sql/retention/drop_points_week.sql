-- Drops a week of points. Returns how many it held.
SELECT xtrace_drop_points_week(date '1970-01-01' + $1)
