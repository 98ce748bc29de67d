-- Ends a wait for a lock after a time, in this transaction. Returns one row of no interest.
SELECT set_config('lock_timeout', $1, true)
