-- Drops a retired week. Returns how many traces it held.
SELECT xtrace_drop_week(date '1970-01-01' + $1)
