-- Removes some keys of a retired week, by index `trace_keys_of_part`. Returns how many.
SELECT xtrace_remove_retired_keys(date '1970-01-01' + $1, $2)
