-- Creates the partitions of a week where there are none. Returns one row of no interest.
SELECT xtrace_create_week(date '1970-01-01' + $1)::text
