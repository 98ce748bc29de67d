-- Adds all changes to the sums, by primary key. Returns how many changes there were.
SELECT xtrace_sum_rollups()
