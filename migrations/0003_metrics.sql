-- Metric series and their points. Safe on a live system: creates new tables, indexes and functions only.

CREATE TABLE metric_series (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project     text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    labels      jsonb NOT NULL,
    -- SHA-256 of the labels' canonical text: labels may be longer than an index entry.
    labels_hash bytea NOT NULL,
    UNIQUE (project, name, labels_hash)
);

-- The key of a point is (series, timestamp); the value rides along in the index, so that reading a range of one series touches
-- neighbouring pages only, although the table is in order of arrival.
CREATE TABLE metric_points (
    series_id   bigint NOT NULL,
    "timestamp" timestamptz NOT NULL,
    value       double precision NOT NULL,
    PRIMARY KEY (series_id, "timestamp") INCLUDE (value)
) PARTITION BY RANGE ("timestamp");

-- Points far from the present: they get no partition of their own, so that no sender can create thousands.
CREATE TABLE metric_points_default PARTITION OF metric_points DEFAULT;

-- Creates the partition of the week that begins on `monday`, and moves there what the default partition holds of it.
CREATE FUNCTION xtrace_create_points_week(monday date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    child text := 'metric_points_' || to_char(monday, 'YYYYMMDD');
    since timestamptz := monday::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (monday + 7)::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    IF to_regclass(child) IS NOT NULL THEN
        RETURN;
    END IF;
    LOCK TABLE metric_points_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE metric_points INCLUDING ALL)', child);
    EXECUTE format('WITH moved AS (DELETE FROM metric_points_default WHERE "timestamp" >= %L AND "timestamp" < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', since, until, child);
    EXECUTE format('ALTER TABLE metric_points ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', child, since, until);
END $$;

-- The Mondays of the weeks that have a partition of points, oldest first.
CREATE FUNCTION xtrace_points_weeks() RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS monday
    FROM pg_inherits
    WHERE inhparent = 'metric_points'::regclass AND inhrelid <> 'metric_points_default'::regclass
    ORDER BY monday
$$;

-- Drops the partition of a week of points; the answer is how many it held. Takes the strongest lock, but only for an
-- instant: the caller sets `lock_timeout`. Counting comes before it.
CREATE FUNCTION xtrace_drop_points_week(monday date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    child text := 'metric_points_' || to_char(monday, 'YYYYMMDD');
    held  bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    IF to_regclass(child) IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('SELECT count(*) FROM %I', child) INTO held;
    EXECUTE format('ALTER TABLE metric_points DETACH PARTITION %I', child);
    EXECUTE format('DROP TABLE %I', child);
    RETURN held;
END $$;

-- Deletes the points before `cutoff` from blocks [block, block + blocks) of the partition of `monday` (of the default
-- partition where it is null). The answer is how many, or -1 when the partition has no such blocks.
CREATE FUNCTION xtrace_delete_points(monday date, cutoff timestamptz, block bigint, blocks bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    child   text := 'metric_points_' || coalesce(to_char(monday, 'YYYYMMDD'), 'default');
    deleted bigint;
BEGIN
    IF to_regclass(child) IS NULL
       OR block * current_setting('block_size')::bigint >= pg_relation_size(to_regclass(child)) THEN
        RETURN -1;
    END IF;
    EXECUTE format('DELETE FROM %I WHERE ctid >= %L AND ctid < %L AND "timestamp" < $1', child,
                   format('(%s,0)', block), format('(%s,0)', block + blocks)) USING cutoff;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
