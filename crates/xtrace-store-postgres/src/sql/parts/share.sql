-- Keeps parts of these weeks and projects from being removed until the transaction ends. Returns one row of no interest.
SELECT count(pg_advisory_xact_lock_shared(hashtext('xtrace.parts'), hashtext(part || ' ' || project))::text)
FROM unnest($1::int[], $2::text[]) AS wanted (part, project)
