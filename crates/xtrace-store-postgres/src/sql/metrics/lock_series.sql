-- Keeps series from being removed while their points are being written. Released with the transaction.
SELECT pg_advisory_xact_lock_shared(hashtext('xtrace.series'))::text
