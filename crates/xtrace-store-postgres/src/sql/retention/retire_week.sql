-- Detaches a week in which nothing was active since the cutoff. Returns whether it did.
SELECT xtrace_retire_week(date '1970-01-01' + $1, $2)
