-- Makes all sums anew from the rows. Returns how many cells there are.
SELECT xtrace_rebuild_rollups()
