-- How many series a project has, so that there can be a limit on them.
-- Safe on a live system: creates a small table. Points wait while series are counted, an instant. Servers of an older
-- version that write meanwhile keep to no limit, and the series that they add are not counted.

CREATE TABLE metric_series_counts (
    project text COLLATE "C" NOT NULL PRIMARY KEY,
    series  bigint NOT NULL
) WITH (fillfactor = 50);

-- Writers of points hold this one shared.
SELECT pg_advisory_xact_lock(hashtext('xtrace.series'));
INSERT INTO metric_series_counts (project, series) SELECT project, count(*) FROM metric_series GROUP BY project;
