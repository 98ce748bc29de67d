-- One project, by primary key.
SELECT id, name, created_at FROM projects WHERE id = $1
