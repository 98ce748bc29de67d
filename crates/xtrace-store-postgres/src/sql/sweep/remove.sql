-- Removes those of the parts of a week and project that no payload written meanwhile names, if this very connection of
-- the server has announced it, and counts that parts have been removed. Returns one row of no interest.
WITH gone AS (
    DELETE FROM payload_parts
    WHERE part = date '1970-01-01' + $1 AND project = $2 AND id = ANY($3)
      AND id NOT IN (SELECT id FROM payload_uses WHERE part = date '1970-01-01' + $1 AND project = $2)
      AND EXISTS (
          SELECT FROM payload_sweeps
          WHERE part = date '1970-01-01' + $1 AND project = $2 AND pid = pg_backend_pid()
      )
    RETURNING 1
), counted AS (
    UPDATE payload_epoch SET epoch = epoch + 1 WHERE EXISTS (SELECT FROM gone)
)
SELECT 1
