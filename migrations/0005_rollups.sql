-- Rollups: what traces and their model calls add up to, by quarters of an hour of the traces' timestamps.
-- NOT safe on a live system, but brief: commits wait while what is stored is added up (about a minute for ten million
-- observations); readers do not. Stop servers of an older version first: what they write is not added up, and they
-- cannot read the states that newer ones write. If one ran beside newer ones all the same, `xtrace doctor --rebuild`
-- puts it right.
--
-- A commit appends what it changed, so that no two processes wait for each other; readers add up sums and changes; now
-- and then a server adds changes to sums. Cells are kept by the week that traces live in: with it their sums go.

CREATE TABLE rollups (
    part          date NOT NULL,
    -- The start of the quarter of an hour; for all traces the epoch.
    bucket        timestamptz NOT NULL,
    -- Of calls: traces with such a call.
    traces        bigint NOT NULL,
    observations  bigint NOT NULL,
    -- Traces without any known cost of an observation; `sent_cost` is what clients sent for them.
    sent_traces   bigint NOT NULL,
    -- 0: all traces, 1: the traces of a bucket, 2: the calls of those to a model, 3: their calls to no model.
    kind          smallint NOT NULL,
    project       text COLLATE "C" NOT NULL,
    model         text COLLATE "C" NOT NULL,
    input_tokens  numeric NOT NULL,
    output_tokens numeric NOT NULL,
    total_tokens  numeric NOT NULL,
    cost          numeric NOT NULL,
    sent_cost     numeric NOT NULL,
    PRIMARY KEY (project, kind, bucket, model, part)
);

-- What was changed and is not in the sums yet: few rows, all of which each reader looks at.
CREATE TABLE rollup_changes (LIKE rollups)
    WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- What readers add up.
CREATE VIEW rollup_cells AS
    SELECT * FROM rollups UNION ALL SELECT * FROM rollup_changes;

-- What rollups must be.
CREATE VIEW rollups_of_rows AS
    WITH of_traces AS (
        SELECT part, date_bin('15 minutes', "timestamp", '0001-01-01 00:00:00+00 BC') AS bucket, project,
               count(*) AS traces, sum(observation_count)::bigint AS observations,
               count(*) FILTER (WHERE observed_cost IS NULL) AS sent_traces,
               coalesce(sum(observed_cost), 0) AS cost,
               coalesce(sum(total_cost) FILTER (WHERE observed_cost IS NULL), 0) AS sent_cost
        FROM traces
        GROUP BY 1, 2, 3
    )
    SELECT part, bucket, traces, observations, sent_traces, 1::smallint AS kind, project, '' AS model,
           0::numeric AS input_tokens, 0::numeric AS output_tokens, 0::numeric AS total_tokens, cost, sent_cost
    FROM of_traces
    UNION ALL
    SELECT part, timestamptz '1970-01-01 00:00:00+00', sum(traces)::bigint, sum(observations)::bigint,
           sum(sent_traces)::bigint, 0::smallint, project, '', 0, 0, 0, sum(cost), sum(sent_cost)
    FROM of_traces
    GROUP BY part, project
    UNION ALL
    SELECT t.part, date_bin('15 minutes', t."timestamp", '0001-01-01 00:00:00+00 BC'), count(DISTINCT t.id), count(*), 0,
           CASE WHEN o.model IS NULL THEN 3 ELSE 2 END::smallint, t.project, coalesce(o.model, ''),
           sum(o.input_tokens), sum(o.output_tokens), sum(o.total_tokens), coalesce(sum(o.total_cost), 0), 0
    FROM traces AS t
    JOIN observations AS o ON o.part = t.part AND o.project = t.project AND o.trace_id = t.id
    WHERE o.type IN ('GENERATION', 'EMBEDDING') OR o.total_cost IS NOT NULL
    GROUP BY t.part, 2, t.project, o.model;

-- Adds all changes to the sums, unless another server is at it. The answer is how many changes there were.
CREATE FUNCTION xtrace_sum_rollups() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    summed bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('xtrace.rollups')) THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM rollup_changes RETURNING *
    ), added AS (
        INSERT INTO rollups AS r
        SELECT part, bucket, sum(traces), sum(observations), sum(sent_traces), kind, project, model,
               sum(input_tokens), sum(output_tokens), sum(total_tokens), sum(cost), sum(sent_cost)
        FROM gone
        GROUP BY part, bucket, kind, project, model
        ON CONFLICT (project, kind, bucket, model, part) DO UPDATE SET
            traces = r.traces + excluded.traces,
            observations = r.observations + excluded.observations,
            sent_traces = r.sent_traces + excluded.sent_traces,
            input_tokens = r.input_tokens + excluded.input_tokens,
            output_tokens = r.output_tokens + excluded.output_tokens,
            total_tokens = r.total_tokens + excluded.total_tokens,
            cost = r.cost + excluded.cost,
            sent_cost = r.sent_cost + excluded.sent_cost
    )
    SELECT count(*) INTO summed FROM gone;
    RETURN summed;
END $$;

-- Removes sums of which nothing is left. The answer is how many.
CREATE FUNCTION xtrace_remove_empty_rollups() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.rollups'));
    DELETE FROM rollups
    WHERE traces = 0 AND observations = 0 AND sent_traces = 0 AND input_tokens = 0 AND output_tokens = 0
      AND total_tokens = 0 AND cost = 0 AND sent_cost = 0;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;

-- Makes all sums anew from the rows. Commits wait meanwhile: locks are taken in the order in which they take theirs.
-- The answer is how many cells there are.
CREATE FUNCTION xtrace_rebuild_rollups() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.rollups'));
    LOCK TABLE observations IN SHARE MODE;
    LOCK TABLE traces IN SHARE MODE;
    LOCK TABLE rollup_changes IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM rollup_changes;
    DELETE FROM rollups;
    INSERT INTO rollups SELECT * FROM rollups_of_rows;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;

-- How many cells differ from what the rows say: none, or something is wrong.
CREATE FUNCTION xtrace_wrong_rollups() RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH kept AS (
        SELECT part, bucket, sum(traces) AS traces, sum(observations) AS observations, sum(sent_traces) AS sent_traces,
               kind, project, model, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
               sum(total_tokens) AS total_tokens, sum(cost) AS cost, sum(sent_cost) AS sent_cost
        FROM rollup_cells
        GROUP BY part, bucket, kind, project, model
    ), nonzero AS (
        SELECT * FROM kept
        WHERE traces <> 0 OR observations <> 0 OR sent_traces <> 0 OR input_tokens <> 0 OR output_tokens <> 0
           OR total_tokens <> 0 OR cost <> 0 OR sent_cost <> 0
    )
    SELECT count(*) FROM (
        (SELECT * FROM nonzero EXCEPT SELECT * FROM rollups_of_rows)
        UNION ALL
        (SELECT * FROM rollups_of_rows EXCEPT SELECT * FROM nonzero)
    ) AS wrong
$$;

-- As in 0004, with the sums of the week: nobody writes to it any more, so nothing is added to them later.
CREATE OR REPLACE FUNCTION xtrace_retire_week(monday date, cutoff timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    suffix text := '_' || to_char(monday, 'YYYYMMDD');
    newest timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    IF monday NOT IN (SELECT xtrace_weeks()) THEN
        RETURN false;
    END IF;
    -- Before the strongest locks: changes that are being added to the sums must be there to be removed.
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.rollups'));
    LOCK TABLE ONLY traces, ONLY trace_payloads, ONLY observations, ONLY observation_payloads, ONLY payload_parts
        IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT max(last_activity) FROM %I', 'traces' || suffix) INTO newest;
    IF newest >= cutoff THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY
        ARRAY['traces', 'trace_payloads', 'observations', 'observation_payloads', 'payload_parts'] LOOP
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, parent || suffix);
    END LOOP;
    DELETE FROM rollup_changes WHERE part = monday;
    DELETE FROM rollups WHERE part = monday;
    INSERT INTO retired_parts (part) VALUES (monday) ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

SELECT xtrace_rebuild_rollups();
