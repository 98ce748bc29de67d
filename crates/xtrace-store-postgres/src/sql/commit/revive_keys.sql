-- Gives locked keys of a retired week the present one: their traces begin anew. By primary key. Returns nothing.
UPDATE trace_keys AS k SET part = date '1970-01-01' + $3
FROM unnest($1::text[], $2::text[]) AS wanted (project, trace_id)
WHERE k.project = wanted.project AND k.trace_id = wanted.trace_id
