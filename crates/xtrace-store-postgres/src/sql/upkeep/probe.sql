-- Whether the server answers. Returns one row: whether it is a standby, which takes no writes.
SELECT pg_is_in_recovery()
