-- Payload texts as parts that are stored once per project and week.
-- Safe on a live system: creates tables, and adds columns without rewriting a row, which takes the strongest lock on
-- the two payload tables for an instant. Stop servers of an older version first: they do not see texts that newer
-- ones write.
--
-- An input or output is cut at message boundaries; the payload's row keeps a recipe, which names parts by a hash of
-- their content, and parts name parts. Texts that were written before stay where they are until their payload is
-- written again. Recipes and bodies are compressed by the server program: PostgreSQL is told not to try.

CREATE TABLE payload_parts (
    part      date NOT NULL,
    -- Whether its body names parts.
    has_parts boolean NOT NULL,
    project   text COLLATE "C" NOT NULL,
    id        bytea NOT NULL,
    body      bytea NOT NULL,
    PRIMARY KEY (project, id, part)
) PARTITION BY RANGE (part);
ALTER TABLE payload_parts ALTER COLUMN body SET STORAGE EXTERNAL;

ALTER TABLE trace_payloads ADD COLUMN input_recipe bytea, ADD COLUMN output_recipe bytea;
ALTER TABLE trace_payloads ALTER COLUMN input_recipe SET STORAGE EXTERNAL, ALTER COLUMN output_recipe SET STORAGE EXTERNAL;
ALTER TABLE observation_payloads ADD COLUMN input_recipe bytea, ADD COLUMN output_recipe bytea;
ALTER TABLE observation_payloads ALTER COLUMN input_recipe SET STORAGE EXTERNAL, ALTER COLUMN output_recipe SET STORAGE EXTERNAL;

-- What bodies are compressed with. Never removed: a body says by which number it is to be read.
CREATE TABLE payload_dictionaries (
    number integer NOT NULL PRIMARY KEY,
    bytes  bytea NOT NULL
);

-- Counts removals of parts: whoever remembers parts remembers with which count, and forgets them with the next.
CREATE TABLE payload_epoch (
    epoch bigint NOT NULL
);
INSERT INTO payload_epoch (epoch) VALUES (0);

-- Weeks and projects in which payloads were deleted or replaced: parts may be left that nothing names. Any number of
-- rows for the same; a row is never locked by a writer.
CREATE TABLE payload_garbage (
    part    date NOT NULL,
    project text COLLATE "C" NOT NULL
);

-- Weeks and projects that are being swept, and the server process that does it.
CREATE TABLE payload_sweeps (
    part    date NOT NULL,
    project text COLLATE "C" NOT NULL,
    pid     integer NOT NULL,
    PRIMARY KEY (part, project)
);

-- Parts that payloads written during a sweep name.
CREATE TABLE payload_uses (
    part    date NOT NULL,
    project text COLLATE "C" NOT NULL,
    id      bytea NOT NULL
);

-- As in 0002, with parts, and with all that is noted of them.
CREATE OR REPLACE FUNCTION xtrace_drop_week(monday date) RETURNS bigint LANGUAGE plpgsql AS $$
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
    -- A week that was retired before this migration has none.
    EXECUTE format('DROP TABLE IF EXISTS %I', 'payload_parts' || suffix);
    DELETE FROM payload_garbage WHERE part = monday;
    DELETE FROM payload_uses WHERE part = monday;
    UPDATE payload_epoch SET epoch = epoch + 1;
    DELETE FROM retired_parts WHERE part = monday;
    RETURN held;
END $$;

-- As in 0002, with parts.
CREATE OR REPLACE FUNCTION xtrace_create_week(monday date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child  text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('xtrace.weeks'));
    -- A clock that was set back may bring a retired week to life again.
    PERFORM xtrace_drop_week(monday);
    FOREACH parent IN ARRAY
        ARRAY['traces', 'trace_payloads', 'observations', 'observation_payloads', 'payload_parts'] LOOP
        child := parent || '_' || to_char(monday, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(child) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, child, monday, monday + 7);
    END LOOP;
END $$;

-- As in 0002, with parts.
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
    INSERT INTO retired_parts (part) VALUES (monday) ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

-- Weeks that exist get their partition of parts.
DO $$
DECLARE
    monday date;
BEGIN
    FOR monday IN SELECT xtrace_weeks() LOOP
        PERFORM xtrace_create_week(monday);
    END LOOP;
END $$;
