-- How many cells differ from what the rows say; reads all rows.
SELECT xtrace_wrong_rollups()
