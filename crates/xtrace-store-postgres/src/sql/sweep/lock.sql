-- Keeps writers away from the parts of a week and project for the rest of this transaction. Returns one row of no
-- interest.
SELECT pg_advisory_xact_lock(hashtext('xtrace.parts'), hashtext($1::int || ' ' || $2::text))::text
