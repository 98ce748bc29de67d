-- Whether this connection may sweep: one does at a time, until it is closed.
SELECT pg_try_advisory_lock(hashtext('xtrace.sweep'))
