-- The weeks that have partitions, oldest first, as days from 1970 to their Mondays.
SELECT monday - date '1970-01-01' AS week FROM xtrace_weeks() AS monday ORDER BY monday
