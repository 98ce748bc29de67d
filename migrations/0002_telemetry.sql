-- Traces and observations: narrow rows and, apart from them, payloads.
-- Safe on a live system: creates new tables, indexes and functions only.
--
-- A trace lives in one partition with all that belongs to it: `part` is the Monday of the week in which this server
-- first heard of the trace, fixed from then on. `trace_keys` says which, and so keeps (project, trace) unique across
-- partitions; its row is also the lock under which a trace and its observations are merged. Retention detaches whole
-- weeks, of every table at once.
--
-- Columns of fixed size come first, then those that aggregates read most: the server walks over a row from its
-- beginning, and what it need not walk over costs nothing.

CREATE TABLE trace_keys (
    project  text COLLATE "C" NOT NULL,
    trace_id text COLLATE "C" NOT NULL,
    part     date NOT NULL,
    PRIMARY KEY (project, trace_id)
);
-- For removing the keys of a retired week.
CREATE INDEX trace_keys_of_part ON trace_keys (part);

-- Weeks whose partitions are detached. Their keys mean nothing any more; they are removed in small steps.
CREATE TABLE retired_parts (
    part date NOT NULL PRIMARY KEY
);

CREATE TABLE traces (
    part              date NOT NULL,
    "timestamp"       timestamptz NOT NULL,
    last_activity     timestamptz NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    observation_count bigint NOT NULL,
    input_tokens      bigint NOT NULL,
    output_tokens     bigint NOT NULL,
    total_tokens      bigint NOT NULL,
    debug_count       bigint NOT NULL,
    default_count     bigint NOT NULL,
    warning_count     bigint NOT NULL,
    error_count       bigint NOT NULL,
    public            boolean NOT NULL,
    bookmarked        boolean NOT NULL,
    project           text COLLATE "C" NOT NULL,
    id                text COLLATE "C" NOT NULL,
    total_cost        numeric,
    latency           double precision,
    user_id           text COLLATE "C",
    name              text COLLATE "C",
    environment       text COLLATE "C" NOT NULL,
    session_id        text COLLATE "C",
    level             text COLLATE "C" NOT NULL,
    tags              text[] COLLATE "C" NOT NULL,
    turn_id           text COLLATE "C",
    run_id            text COLLATE "C",
    run_state         text COLLATE "C",
    release           text COLLATE "C",
    version           text COLLATE "C",
    external_id       text COLLATE "C",
    latency_source    text COLLATE "C",
    cost_source       text COLLATE "C",
    observed_cost     numeric,
    input_cost        numeric,
    output_cost       numeric,
    models            text[] COLLATE "C" NOT NULL,
    -- The mergeable state of the facts and the summary, as the server encodes it.
    state             bytea NOT NULL,
    PRIMARY KEY (project, id, part)
) PARTITION BY RANGE (part);

-- Lists show the newest first. Columns that are never absent are indexed without NULLS LAST: queries leave it out
-- for them, and the index then serves both directions.
CREATE INDEX traces_newest ON traces (project, "timestamp" DESC);
CREATE INDEX traces_of_session ON traces (project, session_id, "timestamp" DESC) WHERE session_id IS NOT NULL;
CREATE INDEX traces_of_user ON traces (project, user_id, "timestamp" DESC) WHERE user_id IS NOT NULL;
CREATE INDEX traces_of_name ON traces (project, name, "timestamp" DESC) WHERE name IS NOT NULL;
CREATE INDEX traces_of_turn ON traces (project, turn_id) WHERE turn_id IS NOT NULL;
CREATE INDEX traces_of_run ON traces (project, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX traces_of_external_id ON traces (project, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX traces_slowest ON traces (project, latency DESC NULLS LAST);
CREATE INDEX traces_dearest ON traces (project, total_cost DESC NULLS LAST);
CREATE INDEX traces_with_tag ON traces USING gin (tags);
-- Retention asks for the oldest, of all projects.
CREATE INDEX traces_oldest ON traces (last_activity);

CREATE TABLE trace_payloads (
    part     date NOT NULL,
    project  text COLLATE "C" NOT NULL,
    trace_id text COLLATE "C" NOT NULL,
    input    text,
    output   text,
    -- What merging needs beside the texts: stamps and the metadata tree, as the server encodes it.
    state    bytea NOT NULL,
    PRIMARY KEY (project, trace_id, part)
) PARTITION BY RANGE (part);

CREATE TABLE observations (
    part                  date NOT NULL,
    start_time            timestamptz NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    input_tokens          bigint NOT NULL,
    output_tokens         bigint NOT NULL,
    total_tokens          bigint NOT NULL,
    cache_read_tokens     bigint NOT NULL,
    cache_write_tokens    bigint NOT NULL,
    reasoning_tokens      bigint NOT NULL,
    project               text COLLATE "C" NOT NULL,
    type                  text COLLATE "C" NOT NULL,
    model                 text COLLATE "C",
    trace_id              text COLLATE "C" NOT NULL,
    total_cost            numeric,
    latency               double precision,
    time_to_first_token   double precision,
    level                 text COLLATE "C" NOT NULL,
    environment           text COLLATE "C" NOT NULL,
    name                  text COLLATE "C",
    id                    text COLLATE "C" NOT NULL,
    end_time              timestamptz,
    completion_start_time timestamptz,
    status_message        text COLLATE "C",
    parent_observation_id text COLLATE "C",
    version               text COLLATE "C",
    session_id            text COLLATE "C",
    model_id              text COLLATE "C",
    prompt_id             text COLLATE "C",
    prompt_name           text COLLATE "C",
    prompt_version        text COLLATE "C",
    unit                  text COLLATE "C",
    usage_details         text COLLATE "C" NOT NULL,
    cost_details          text COLLATE "C" NOT NULL,
    input_cost            numeric,
    output_cost           numeric,
    cost_source           text COLLATE "C",
    price_id              text COLLATE "C",
    input_price           numeric,
    output_price          numeric,
    total_price           numeric,
    latency_source        text COLLATE "C",
    turn_id               text COLLATE "C",
    run_id                text COLLATE "C",
    step_id               text COLLATE "C",
    parent_step_id        text COLLATE "C",
    step_type             text COLLATE "C",
    step_index            bigint,
    attempt               bigint,
    run_state             text COLLATE "C",
    PRIMARY KEY (project, trace_id, id, part)
) PARTITION BY RANGE (part);

CREATE INDEX observations_newest ON observations (project, start_time DESC);
CREATE INDEX observations_of_model ON observations (project, model, start_time DESC) WHERE model IS NOT NULL;
-- Some clients name an observation by its id alone.
CREATE INDEX observations_by_id ON observations (id);
CREATE INDEX observations_of_turn ON observations (project, turn_id) WHERE turn_id IS NOT NULL;
CREATE INDEX observations_of_run ON observations (project, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX observations_of_step ON observations (project, step_id) WHERE step_id IS NOT NULL;

CREATE TABLE observation_payloads (
    part             date NOT NULL,
    project          text COLLATE "C" NOT NULL,
    trace_id         text COLLATE "C" NOT NULL,
    id               text COLLATE "C" NOT NULL,
    input            text,
    output           text,
    model_parameters text,
    -- The mergeable state of the facts, and what merging needs beside the texts.
    state            bytea NOT NULL,
    PRIMARY KEY (project, trace_id, id, part)
) PARTITION BY RANGE (part);

-- Compressing with LZ4 takes a fraction of the time; servers built without it keep the default.
DO $$
BEGIN
    ALTER TABLE trace_payloads ALTER COLUMN input SET COMPRESSION lz4, ALTER COLUMN output SET COMPRESSION lz4,
        ALTER COLUMN state SET COMPRESSION lz4;
    ALTER TABLE observation_payloads ALTER COLUMN input SET COMPRESSION lz4, ALTER COLUMN output SET COMPRESSION lz4,
        ALTER COLUMN model_parameters SET COMPRESSION lz4, ALTER COLUMN state SET COMPRESSION lz4;
EXCEPTION
    WHEN feature_not_supported THEN NULL;
END $$;

-- Drops the tables of a retired week and what is left of its keys; the answer is how many traces it held.
CREATE FUNCTION xtrace_drop_week(monday date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    suffix text := '_' || to_char(monday, 'YYYYMMDD');
    held   bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    IF NOT EXISTS (SELECT FROM retired_parts WHERE part = monday) THEN
        RETURN 0;
    END IF;
    DELETE FROM trace_keys WHERE part = monday;
    EXECUTE format('SELECT count(*) FROM %I', 'traces' || suffix) INTO held;
    FOREACH parent IN ARRAY ARRAY['traces', 'trace_payloads', 'observations', 'observation_payloads'] LOOP
        EXECUTE format('DROP TABLE %I', parent || suffix);
    END LOOP;
    DELETE FROM retired_parts WHERE part = monday;
    RETURN held;
END $$;

-- Creates the partitions of the week that begins on `monday`. May run on any number of servers at once, and beside
-- reads and writes: attaching locks out neither.
CREATE FUNCTION xtrace_create_week(monday date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child  text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    -- A clock that was set back may bring a retired week to life again.
    PERFORM xtrace_drop_week(monday);
    FOREACH parent IN ARRAY ARRAY['traces', 'trace_payloads', 'observations', 'observation_payloads'] LOOP
        child := parent || '_' || to_char(monday, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(child) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, child, monday, monday + 7);
    END LOOP;
END $$;

-- The Mondays of the weeks that have partitions, oldest first.
CREATE FUNCTION xtrace_weeks() RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS monday
    FROM pg_inherits WHERE inhparent = 'traces'::regclass ORDER BY monday
$$;

-- Detaches the week of `monday` if nothing in it was active since `cutoff`; says whether it did. Takes the strongest
-- lock, but only for an instant: the caller sets `lock_timeout` so that neither it nor those behind it wait for long.
CREATE FUNCTION xtrace_retire_week(monday date, cutoff timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    suffix text := '_' || to_char(monday, 'YYYYMMDD');
    newest timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    IF monday NOT IN (SELECT xtrace_weeks()) THEN
        RETURN false;
    END IF;
    LOCK TABLE ONLY traces, ONLY trace_payloads, ONLY observations, ONLY observation_payloads IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT max(last_activity) FROM %I', 'traces' || suffix) INTO newest;
    IF newest >= cutoff THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY ARRAY['traces', 'trace_payloads', 'observations', 'observation_payloads'] LOOP
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, parent || suffix);
    END LOOP;
    INSERT INTO retired_parts (part) VALUES (monday) ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

-- Removes the keys of at most `keys_max` traces of a retired week; says how many. Keys that a writer holds at this
-- moment are left for a later step.
CREATE FUNCTION xtrace_remove_retired_keys(monday date, keys_max bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    WITH gone AS (
        SELECT project, trace_id FROM trace_keys WHERE part = monday LIMIT keys_max FOR UPDATE SKIP LOCKED
    )
    DELETE FROM trace_keys AS k USING gone
    WHERE k.project = gone.project AND k.trace_id = gone.trace_id AND k.part = monday;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
