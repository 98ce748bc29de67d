-- Locking and loading what a batch touches, in one call instead of six. Safe on a live system: creates a function,
-- and changes how long values are compressed from now on. Servers of an older version go on without it.

-- Brings unknown traces into being, locks all of them in the order of their keys, keeps their parts from being
-- removed until the transaction ends, and returns what is stored of them. `projects` and `trace_ids` are the keys in
-- their order, each once; `with_payload` says whose payload is wanted. `places` and `observation_ids` are
-- observations, each with the place of its trace among the traces, counted from one. Every step is a statement of its
-- own: it sees what was committed while the step before waited.
--
-- Rows of kind
--   0: a trace, in order: its place, its week (days from 1970 to a Monday), whether nothing of it can be stored, and
--      the count of removals; no such row when a trace was deleted in between;
--   1: the state of a trace that is stored, at its place, and of its payload;
--   2: the state of an observation that is stored, at its place among the observations;
--   3: a week and project whose parts are being swept; a sweep whose server process is gone does not count.
CREATE FUNCTION xtrace_hold(
    projects text[], trace_ids text[], with_payload boolean[], places integer[], observation_ids text[], monday date
) RETURNS TABLE (
    kind integer, place integer, week integer, epoch bigint, project text, state bytea, input text,
    output text, input_recipe bytea, output_recipe bytea, model_parameters text, payload_state bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    count_all integer := cardinality(trace_ids);
    count_new integer;
    weeks     date[];
    news      boolean[];
    revived   boolean[];
BEGIN
    -- In order of the keys: two writers wait for each other and never in a circle.
    INSERT INTO trace_keys (project, trace_id, part)
    SELECT w.project, w.trace_id, monday
    FROM unnest(projects, trace_ids) AS w (project, trace_id)
    ORDER BY w.project COLLATE "C", w.trace_id COLLATE "C"
    ON CONFLICT (project, trace_id) DO NOTHING;
    GET DIAGNOSTICS count_new = ROW_COUNT;
    IF count_new = count_all THEN
        -- Whoever inserts a key holds it.
        weeks := array_fill(monday, ARRAY[count_all]);
        news := array_fill(true, ARRAY[count_all]);
    ELSE
        SELECT array_agg(l.part), array_agg(l.is_new), array_agg(l.is_retired) INTO weeks, news, revived
        FROM (
            SELECT k.part, k.xmin = pg_current_xact_id()::xid AS is_new,
                   EXISTS (SELECT FROM retired_parts AS r WHERE r.part = k.part) AS is_retired
            FROM unnest(projects, trace_ids) AS w (project, trace_id)
            JOIN trace_keys AS k ON k.project = w.project AND k.trace_id = w.trace_id
            ORDER BY k.project, k.trace_id
            FOR NO KEY UPDATE OF k
        ) AS l;
        IF coalesce(cardinality(weeks), 0) <> count_all THEN
            RETURN;
        END IF;
        IF true = ANY (revived) THEN
            -- Traces of a retired week begin anew.
            UPDATE trace_keys AS k SET part = monday
            FROM unnest(projects, trace_ids, revived) AS w (project, trace_id, is_retired)
            WHERE w.is_retired AND k.project = w.project AND k.trace_id = w.trace_id;
            SELECT array_agg(CASE WHEN w.is_retired THEN monday ELSE w.part END ORDER BY w.position),
                   array_agg(w.is_new OR w.is_retired ORDER BY w.position)
            INTO weeks, news
            FROM unnest(weeks, news, revived) WITH ORDINALITY AS w (part, is_new, is_retired, position);
        END IF;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(
        hashtext('xtrace.parts'), hashtext((s.part - date '1970-01-01')::text || ' ' || s.project))
    FROM (SELECT DISTINCT w.part, w.project FROM unnest(weeks, projects) AS w (part, project)) AS s;
    -- Naming `payload_parts` keeps weeks from being retired until the transaction ends.
    RETURN QUERY
    SELECT 0, w.place::integer, w.part - date '1970-01-01', e.epoch, NULL::text, NULL::bytea, NULL::text,
           NULL::text, NULL::bytea, NULL::bytea, NULL::text, NULL::bytea
    FROM payload_epoch AS e, unnest(weeks) WITH ORDINALITY AS w (part, place)
    WHERE NOT EXISTS (SELECT FROM payload_parts WHERE false);
    RETURN QUERY
    SELECT 3, NULL::integer, s.part - date '1970-01-01', NULL::bigint, s.project, NULL::bytea,
           NULL::text, NULL::text, NULL::bytea, NULL::bytea, NULL::text, NULL::bytea
    FROM payload_sweeps AS s
    WHERE EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = s.pid AND l.locktype = 'advisory' AND l.granted);
    IF count_new = count_all THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 1, w.place::integer, NULL::integer, NULL::bigint, NULL::text, t.state, p.input, p.output,
           p.input_recipe, p.output_recipe, NULL::text, p.state
    FROM unnest(projects, trace_ids, weeks, news, with_payload) WITH ORDINALITY
         AS w (project, trace_id, part, is_new, with_payload, place)
    JOIN traces AS t ON t.part = w.part AND t.project = w.project AND t.id = w.trace_id
    LEFT JOIN trace_payloads AS p ON w.with_payload AND p.part = w.part AND p.project = w.project
         AND p.trace_id = w.trace_id
    WHERE NOT w.is_new;
    RETURN QUERY
    SELECT 2, w.place::integer, NULL::integer, NULL::bigint, NULL::text, p.state, p.input, p.output,
           p.input_recipe, p.output_recipe, p.model_parameters, NULL::bytea
    FROM unnest(places, observation_ids) WITH ORDINALITY AS w (trace, id, place)
    JOIN observation_payloads AS p ON p.part = weeks[w.trace] AND p.project = projects[w.trace]
         AND p.trace_id = trace_ids[w.trace] AND p.id = w.id
    WHERE NOT news[w.trace];
END $$;

-- Compressing with LZ4 takes a fraction of the time; servers built without it keep the default. As 0002 did for
-- payloads, for narrow rows, which are compressed when they are long. Nothing is rewritten; takes the strongest lock
-- for an instant.
DO $$
DECLARE
    named record;
BEGIN
    FOR named IN
        SELECT c.oid::regclass AS relation, a.attname AS field
        FROM pg_class AS c
        JOIN pg_attribute AS a
             ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'm')
        WHERE c.relkind IN ('r', 'p') AND a.atttypid IN ('text'::regtype, 'bytea'::regtype, 'text[]'::regtype)
          AND c.oid IN (
              SELECT 'traces'::regclass UNION SELECT 'observations'::regclass
              UNION SELECT inhrelid FROM pg_inherits
              WHERE inhparent IN ('traces'::regclass, 'observations'::regclass)
          )
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION lz4', named.relation, named.field);
    END LOOP;
EXCEPTION
    WHEN feature_not_supported THEN NULL;
END $$;
