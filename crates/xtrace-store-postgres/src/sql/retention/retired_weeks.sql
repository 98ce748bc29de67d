-- The weeks that are detached but not yet dropped, as days from 1970 to their Mondays.
SELECT part - date '1970-01-01' AS week FROM retired_parts ORDER BY part
