-- Removes sums of which nothing is left. Returns how many.
SELECT xtrace_remove_empty_rollups()
