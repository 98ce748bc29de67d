-- Keeps series from being removed, and points of these hours from being packed, while points are being written: the
-- slots of the hours in order. Released with the transaction. Returns one row of no interest.
SELECT pg_advisory_xact_lock_shared(hashtext('xtrace.series'))::text,
       (SELECT count(pg_advisory_xact_lock_shared(hashtext('xtrace.points'), slot)::text)
        FROM unnest($1::int[]) AS wanted (slot))
