-- Removes those of the parts of a week and project that no payload written meanwhile names, and counts that parts have
-- been removed. Returns nothing.
WITH gone AS (
    DELETE FROM payload_parts
    WHERE part = date '1970-01-01' + $1 AND project = $2 AND id = ANY($3)
      AND id NOT IN (SELECT id FROM payload_uses WHERE part = date '1970-01-01' + $1 AND project = $2)
)
UPDATE payload_epoch SET epoch = epoch + 1
