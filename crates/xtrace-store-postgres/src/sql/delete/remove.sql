-- Removes traces whose keys are locked, with all that belongs to them, by primary keys, and notes where that may have
-- left parts that nothing names. Returns how many traces there were. Keys of a retired week go as well: nothing is
-- behind them any more.
WITH gone AS (
    DELETE FROM trace_keys AS k USING unnest($1::text[], $2::text[]) AS wanted (project, trace_id)
    WHERE k.project = wanted.project AND k.trace_id = wanted.trace_id
    RETURNING k.part, k.project, k.trace_id
), gone_observation_payloads AS (
    DELETE FROM observation_payloads AS p USING gone
    WHERE p.part = gone.part AND p.project = gone.project AND p.trace_id = gone.trace_id
    RETURNING p.part, p.project, p.input_recipe IS NOT NULL OR p.output_recipe IS NOT NULL AS has_recipe
), gone_observations AS (
    DELETE FROM observations AS o USING gone
    WHERE o.part = gone.part AND o.project = gone.project AND o.trace_id = gone.trace_id
), gone_trace_payloads AS (
    DELETE FROM trace_payloads AS p USING gone
    WHERE p.part = gone.part AND p.project = gone.project AND p.trace_id = gone.trace_id
    RETURNING p.part, p.project, p.input_recipe IS NOT NULL OR p.output_recipe IS NOT NULL AS has_recipe
), gone_traces AS (
    DELETE FROM traces AS t USING gone
    WHERE t.part = gone.part AND t.project = gone.project AND t.id = gone.trace_id
    RETURNING 1
), noted AS (
    INSERT INTO payload_garbage (part, project)
    SELECT part, project FROM gone_observation_payloads WHERE has_recipe
    UNION
    SELECT part, project FROM gone_trace_payloads WHERE has_recipe
)
SELECT count(*) FROM gone_traces
