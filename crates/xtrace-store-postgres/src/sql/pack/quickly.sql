-- What is packed is only moved: it need not be on the disk at once. Waits for locks no longer than $1. In this transaction.
-- Returns one row of no interest.
SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', $1, true)
