-- Deletes some chunks that end before the cutoff from the partition of a week, or from the default partition. Returns how
-- many points they held, or -1 when there are no more.
SELECT xtrace_delete_chunks(date '1970-01-01' + $1::integer, $2, $3)
