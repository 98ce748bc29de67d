-- Announces the sweep of a week and project, if this very connection of the server has the right to sweep; what was
-- noted before is dealt with by it. Returns one row if so.
WITH announced AS (
    INSERT INTO payload_sweeps (part, project, pid)
    SELECT date '1970-01-01' + $1, $2, pg_backend_pid() WHERE pg_try_advisory_lock(hashtext('xtrace.sweep'))
    ON CONFLICT (part, project) DO UPDATE SET pid = excluded.pid
    RETURNING pid
), garbage AS (
    DELETE FROM payload_garbage
    WHERE part = date '1970-01-01' + $1 AND project = $2 AND EXISTS (SELECT FROM announced)
), uses AS (
    DELETE FROM payload_uses
    WHERE part = date '1970-01-01' + $1 AND project = $2 AND EXISTS (SELECT FROM announced)
)
SELECT pid FROM announced
