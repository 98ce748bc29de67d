-- All projects by id, in order of the primary key.
SELECT id, name, created_at FROM projects ORDER BY id
