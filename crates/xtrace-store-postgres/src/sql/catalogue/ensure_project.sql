-- Creates a project where there is none, by primary key. Returns nothing.
INSERT INTO projects (id, name, created_at) VALUES ($1, $1, $2) ON CONFLICT (id) DO NOTHING
