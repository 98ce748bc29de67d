-- The names of a project's series in order, by leaps over the unique key: as many steps as names, however many series.
WITH RECURSIVE names AS (
    (SELECT name FROM metric_series WHERE project = $1 ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT s.name FROM metric_series AS s WHERE s.project = $1 AND s.name > names.name ORDER BY s.name LIMIT 1)
    FROM names WHERE names.name IS NOT NULL
)
SELECT name FROM names WHERE name IS NOT NULL
