-- Ends the sweep of a week and project. Returns one row of no interest.
WITH uses AS (
    DELETE FROM payload_uses WHERE part = date '1970-01-01' + $1 AND project = $2
), sweep AS (
    DELETE FROM payload_sweeps WHERE part = date '1970-01-01' + $1 AND project = $2
)
SELECT 1
