-- Keeps writers of points away for the rest of this transaction. Returns one row of no interest.
SELECT pg_advisory_xact_lock(hashtext('xtrace.series'))::text
