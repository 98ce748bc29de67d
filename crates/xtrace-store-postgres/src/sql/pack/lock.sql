-- Packs alone, and keeps writers away from the hours of this slot, for the rest of this transaction. Returns one row of no
-- interest.
SELECT pg_advisory_xact_lock(hashtext('xtrace.pack'))::text, pg_advisory_xact_lock(hashtext('xtrace.points'), $1)::text
