-- Announces the sweep of a week and project; what was noted before is dealt with by it. Returns nothing.
WITH garbage AS (
    DELETE FROM payload_garbage WHERE part = date '1970-01-01' + $1 AND project = $2
), uses AS (
    DELETE FROM payload_uses WHERE part = date '1970-01-01' + $1 AND project = $2
)
INSERT INTO payload_sweeps (part, project, pid) VALUES (date '1970-01-01' + $1, $2, pg_backend_pid())
ON CONFLICT (part, project) DO UPDATE SET pid = excluded.pid
