-- Deletes old points from some blocks of a week's partition, or of the default partition where the week is absent.
-- Returns how many, or -1 past the end.
SELECT xtrace_delete_points(date '1970-01-01' + $1::integer, $2, $3, $4)
