-- The count of removals, once for each week (days from 1970 to its Monday) and project being swept, or with neither; a
-- sweep whose server process is gone does not count. Naming `payload_parts` keeps weeks from being retired until the
-- transaction ends.
SELECT e.epoch, s.part - date '1970-01-01' AS week, s.project
FROM payload_epoch AS e
LEFT JOIN payload_sweeps AS s
     ON EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = s.pid AND l.locktype = 'advisory' AND l.granted)
WHERE NOT EXISTS (SELECT FROM payload_parts WHERE false)
