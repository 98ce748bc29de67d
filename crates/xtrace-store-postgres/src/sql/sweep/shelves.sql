-- Where parts may be left that nothing names: week (days from 1970 to its Monday) and project. A sweep that did not come
-- to its end begins anew.
SELECT part - date '1970-01-01' AS week, project FROM payload_garbage
UNION
SELECT part - date '1970-01-01', project FROM payload_sweeps
ORDER BY week, project
