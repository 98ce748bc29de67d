-- Metric points packed into chunks: one row for a series and an hour. Safe on a live system: creates tables and
-- functions, and notes the hours in which there are points, by leaps over their primary key. No point is rewritten:
-- servers pack them in the background. Stop servers of an older version first: they write points without noting it,
-- and do not see those that are packed.

CREATE TABLE metric_chunks (
    series_id bigint NOT NULL,
    -- The beginning of the hour.
    since     timestamptz NOT NULL,
    -- The last point.
    newest    timestamptz NOT NULL,
    value     double precision NOT NULL,
    count     integer NOT NULL,
    -- All points, as the server program encodes them.
    points    bytea NOT NULL,
    PRIMARY KEY (series_id, since)
) PARTITION BY RANGE (since);
-- PostgreSQL is told not to try to compress them further.
ALTER TABLE metric_chunks ALTER COLUMN points SET STORAGE EXTERNAL;
CREATE TABLE metric_chunks_default PARTITION OF metric_chunks DEFAULT;

-- INVARIANT: each row of `metric_points` is of a series and hour that is noted here. Where there is a chunk as well,
-- rows stand in place of its points. An hour may be noted that has no rows.
CREATE TABLE metric_open (
    series_id bigint NOT NULL,
    since     timestamptz NOT NULL,
    -- More points than a chunk may hold: they stay rows.
    is_dense  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (series_id, since)
);
-- For packing, hour by hour.
CREATE INDEX metric_open_to_pack ON metric_open (since, series_id) WHERE NOT is_dense;

-- As in 0003, with the partition of chunks.
CREATE OR REPLACE FUNCTION xtrace_create_points_week(monday date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child  text;
    field  text;
    since timestamptz := monday::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (monday + 7)::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    FOREACH parent IN ARRAY ARRAY['metric_points', 'metric_chunks'] LOOP
        child := parent || '_' || to_char(monday, 'YYYYMMDD');
        field := CASE parent WHEN 'metric_points' THEN 'timestamp' ELSE 'since' END;
        CONTINUE WHEN to_regclass(child) IS NOT NULL;
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', parent || '_default', field, since, field, until, child);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, since, until);
    END LOOP;
END $$;

-- As in 0003, with the partition of chunks. The caller has packed the week: no row stands in place of a chunk's
-- point, so that none is counted twice.
CREATE OR REPLACE FUNCTION xtrace_drop_points_week(monday date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child  text;
    counts text;
    held   bigint;
    total  bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.pack'));
    FOREACH parent IN ARRAY ARRAY['metric_points', 'metric_chunks'] LOOP
        child := parent || '_' || to_char(monday, 'YYYYMMDD');
        counts := CASE parent WHEN 'metric_points' THEN 'count(*)' ELSE 'coalesce(sum(count), 0)' END;
        CONTINUE WHEN to_regclass(child) IS NULL;
        EXECUTE format('SELECT %s FROM %I', counts, child) INTO held;
        total := total + held;
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, child);
        EXECUTE format('DROP TABLE %I', child);
    END LOOP;
    DELETE FROM metric_open
    WHERE since >= monday::timestamp AT TIME ZONE 'UTC' AND since < (monday + 7)::timestamp AT TIME ZONE 'UTC';
    RETURN total;
END $$;

-- As in 0003, beside packing.
CREATE OR REPLACE FUNCTION xtrace_delete_points(monday date, cutoff timestamptz, block bigint, blocks bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    child   text := 'metric_points_' || coalesce(to_char(monday, 'YYYYMMDD'), 'default');
    deleted bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.pack'));
    IF to_regclass(child) IS NULL
       OR block * current_setting('block_size')::bigint >= pg_relation_size(to_regclass(child)) THEN
        RETURN -1;
    END IF;
    EXECUTE format('DELETE FROM %I WHERE ctid >= %L AND ctid < %L AND "timestamp" < $1', child,
                   format('(%s,0)', block), format('(%s,0)', block + blocks)) USING cutoff;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;

-- Deletes some chunks that end before `cutoff` from the partition of `monday` (of the default partition where it is
-- null). The answer is how many points they held, or -1 when there are no more.
CREATE FUNCTION xtrace_delete_chunks(monday date, cutoff timestamptz, chunks_max bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    child   text := 'metric_chunks_' || coalesce(to_char(monday, 'YYYYMMDD'), 'default');
    deleted bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.pack'));
    IF to_regclass(child) IS NULL THEN
        RETURN -1;
    END IF;
    EXECUTE format('WITH gone AS (
                        DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE newest < $1 LIMIT $2))
                        RETURNING count
                    ) SELECT sum(count) FROM gone', child, child) INTO deleted USING cutoff, chunks_max;
    RETURN coalesce(deleted, -1);
END $$;

-- Weeks that exist get their partition of chunks; hours that have points are noted.
DO $$
DECLARE
    monday date;
    child  regclass;
BEGIN
    FOR monday IN SELECT xtrace_points_weeks() LOOP
        PERFORM xtrace_create_points_week(monday);
    END LOOP;
    FOR child IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'metric_points'::regclass LOOP
        EXECUTE format('
            INSERT INTO metric_open (series_id, since)
            WITH RECURSIVE leaps AS (
                (SELECT series_id, date_bin(INTERVAL ''1 hour'', "timestamp", %2$L::timestamptz) AS since
                 FROM %1$s ORDER BY series_id, "timestamp" LIMIT 1)
                UNION ALL
                SELECT next.series_id, date_bin(INTERVAL ''1 hour'', next."timestamp", %2$L::timestamptz)
                FROM leaps CROSS JOIN LATERAL (
                    SELECT p.series_id, p."timestamp" FROM %1$s AS p
                    WHERE (p.series_id, p."timestamp") >= (leaps.series_id, leaps.since + INTERVAL ''1 hour'')
                    ORDER BY p.series_id, p."timestamp" LIMIT 1
                ) AS next
            )
            SELECT series_id, since FROM leaps ON CONFLICT DO NOTHING', child, '0001-01-01 00:00:00+00 BC');
    END LOOP;
END $$;
