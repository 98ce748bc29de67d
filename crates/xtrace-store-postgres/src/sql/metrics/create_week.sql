-- Creates the partition of a week of points where there is none. Returns one row of no interest.
SELECT xtrace_create_points_week(date '1970-01-01' + $1)::text
