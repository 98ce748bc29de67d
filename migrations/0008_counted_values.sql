-- How many traces have a name, a tag or a session, kept as rollups are: lists of these say so on each page.
-- NOT safe on a live system, but brief: commits wait while what is stored is counted (some seconds for a million
-- traces); readers do not. Stop servers of an older version first: what they write is not counted. If one ran beside
-- newer ones all the same, `xtrace doctor --rebuild` puts it right.

-- What a value is told apart by in the column `model` of its cell: itself, or a digest where it would be too long for an
-- index. Nothing short looks like a digest of something else.
CREATE FUNCTION xtrace_counted(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(value) <= 200 AND NOT starts_with(value, 'sha256:') THEN value
                ELSE 'sha256:' || encode(sha256(convert_to(value, 'UTF8')), 'hex') END
$$;

-- What rollups must be. Kinds 0 to 3 as in 0005; 4: the traces of a name, 5: those with a tag, 6: those of a session,
-- each in `traces` alone, of all time, with the value in `model`.
CREATE OR REPLACE VIEW rollups_of_rows AS
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
    GROUP BY t.part, 2, t.project, o.model
    UNION ALL
    SELECT t.part, timestamptz '1970-01-01 00:00:00+00', count(*), 0, 0, v.kind, t.project, xtrace_counted(v.value),
           0, 0, 0, 0, 0
    FROM traces AS t,
         LATERAL (
             SELECT 4::smallint, t.name
             UNION ALL
             SELECT 5::smallint, tag FROM (SELECT DISTINCT unnest(t.tags) AS tag) AS tags
             UNION ALL
             SELECT 6::smallint, t.session_id
         ) AS v (kind, value)
    WHERE v.value IS NOT NULL
    GROUP BY t.part, v.kind, t.project, v.value;

-- In the order in which commits take their locks.
SELECT pg_advisory_xact_lock(hashtext('xtrace.weeks')), pg_advisory_xact_lock(hashtext('xtrace.rollups'));
LOCK TABLE traces IN SHARE MODE;
LOCK TABLE rollup_changes IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO rollups SELECT * FROM rollups_of_rows WHERE kind IN (4, 5, 6);
