-- Writes what a batch changes, in place of older rows by primary key, appends what the rollups change by, and adds the
-- parts that its payloads name; each table
-- from arrays of its own, of which some may be empty. Parts that another writer is just adding are waited for, in the
-- order of the arrays, which is the same for all writers: nobody waits in a circle. Returns nothing.
WITH observation_rows AS (
    INSERT INTO observations (
        part, project, trace_id, id, type, name, start_time, end_time, completion_start_time, level,
        status_message, parent_observation_id, version, environment, session_id, model, model_id, prompt_id,
        prompt_name, prompt_version, unit, usage_details, cost_details, input_tokens, output_tokens,
        total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, input_cost, output_cost,
        total_cost, cost_source, price_id, input_price, output_price, total_price, latency, latency_source,
        time_to_first_token, turn_id, run_id, step_id, parent_step_id, step_type, step_index, attempt, run_state,
        created_at, updated_at
    )
    SELECT
        date '1970-01-01' + part, project, trace_id, id, type, name, start_time, end_time, completion_start_time,
        level, status_message, parent_observation_id, version, environment, session_id, model, model_id,
        prompt_id, prompt_name, prompt_version, unit, usage_details, cost_details, input_tokens, output_tokens,
        total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, input_cost, output_cost,
        total_cost, cost_source, price_id, input_price, output_price, total_price, latency, latency_source,
        time_to_first_token, turn_id, run_id, step_id, parent_step_id, step_type, step_index, attempt, run_state,
        created_at, updated_at
    FROM unnest(
        $1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
        $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
        $23::text[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[],
        $30::numeric[], $31::numeric[], $32::numeric[], $33::text[], $34::text[], $35::numeric[], $36::numeric[],
        $37::numeric[], $38::float8[], $39::text[], $40::float8[], $41::text[], $42::text[], $43::text[],
        $44::text[], $45::text[], $46::bigint[], $47::bigint[], $48::text[], $49::timestamptz[],
        $50::timestamptz[]
    ) AS new (
        part, project, trace_id, id, type, name, start_time, end_time, completion_start_time, level,
        status_message, parent_observation_id, version, environment, session_id, model, model_id, prompt_id,
        prompt_name, prompt_version, unit, usage_details, cost_details, input_tokens, output_tokens,
        total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, input_cost, output_cost,
        total_cost, cost_source, price_id, input_price, output_price, total_price, latency, latency_source,
        time_to_first_token, turn_id, run_id, step_id, parent_step_id, step_type, step_index, attempt, run_state,
        created_at, updated_at
    )
    ON CONFLICT (project, trace_id, id, part) DO UPDATE SET (
        type, name, start_time, end_time, completion_start_time, level, status_message, parent_observation_id,
        version, environment, session_id, model, model_id, prompt_id, prompt_name, prompt_version, unit,
        usage_details, cost_details, input_tokens, output_tokens, total_tokens, cache_read_tokens,
        cache_write_tokens, reasoning_tokens, input_cost, output_cost, total_cost, cost_source, price_id,
        input_price, output_price, total_price, latency, latency_source, time_to_first_token, turn_id, run_id,
        step_id, parent_step_id, step_type, step_index, attempt, run_state, created_at, updated_at
    ) = ROW (
        excluded.type, excluded.name, excluded.start_time, excluded.end_time, excluded.completion_start_time,
        excluded.level, excluded.status_message, excluded.parent_observation_id, excluded.version,
        excluded.environment, excluded.session_id, excluded.model, excluded.model_id, excluded.prompt_id,
        excluded.prompt_name, excluded.prompt_version, excluded.unit, excluded.usage_details,
        excluded.cost_details, excluded.input_tokens, excluded.output_tokens, excluded.total_tokens,
        excluded.cache_read_tokens, excluded.cache_write_tokens, excluded.reasoning_tokens, excluded.input_cost,
        excluded.output_cost, excluded.total_cost, excluded.cost_source, excluded.price_id, excluded.input_price,
        excluded.output_price, excluded.total_price, excluded.latency, excluded.latency_source,
        excluded.time_to_first_token, excluded.turn_id, excluded.run_id, excluded.step_id,
        excluded.parent_step_id, excluded.step_type, excluded.step_index, excluded.attempt, excluded.run_state,
        excluded.created_at, excluded.updated_at
    )
), trace_rows AS (
    INSERT INTO traces (
        part, project, id, "timestamp", name, user_id, session_id, turn_id, run_id, run_state, release, version,
        environment, external_id, public, bookmarked, tags, latency, latency_source, total_cost, cost_source,
        observed_cost, input_cost, output_cost, input_tokens, output_tokens, total_tokens, observation_count,
        debug_count, default_count, warning_count, error_count, level, models, last_activity, created_at,
        updated_at, state
    )
    SELECT
        date '1970-01-01' + part, project, id, "timestamp", name, user_id, session_id, turn_id, run_id,
        run_state, release, version, environment, external_id, public, bookmarked, tags::text[], latency,
        latency_source, total_cost, cost_source, observed_cost, input_cost, output_cost, input_tokens,
        output_tokens, total_tokens, observation_count, debug_count, default_count, warning_count, error_count,
        level, models::text[], last_activity, created_at, updated_at, state
    FROM unnest(
        $51::int[], $52::text[], $53::text[], $54::timestamptz[], $55::text[], $56::text[], $57::text[], $58::text[],
        $59::text[], $60::text[], $61::text[], $62::text[], $63::text[], $64::text[], $65::boolean[],
        $66::boolean[], $67::text[], $68::float8[], $69::text[], $70::numeric[], $71::text[], $72::numeric[],
        $73::numeric[], $74::numeric[], $75::bigint[], $76::bigint[], $77::bigint[], $78::bigint[],
        $79::bigint[], $80::bigint[], $81::bigint[], $82::bigint[], $83::text[], $84::text[], $85::timestamptz[],
        $86::timestamptz[], $87::timestamptz[], $88::bytea[]
    ) AS new (
        part, project, id, "timestamp", name, user_id, session_id, turn_id, run_id, run_state, release, version,
        environment, external_id, public, bookmarked, tags, latency, latency_source, total_cost, cost_source,
        observed_cost, input_cost, output_cost, input_tokens, output_tokens, total_tokens, observation_count,
        debug_count, default_count, warning_count, error_count, level, models, last_activity, created_at,
        updated_at, state
    )
    ON CONFLICT (project, id, part) DO UPDATE SET (
        "timestamp", name, user_id, session_id, turn_id, run_id, run_state, release, version, environment,
        external_id, public, bookmarked, tags, latency, latency_source, total_cost, cost_source, observed_cost,
        input_cost, output_cost, input_tokens, output_tokens, total_tokens, observation_count, debug_count,
        default_count, warning_count, error_count, level, models, last_activity, created_at, updated_at, state
    ) = ROW (
        excluded."timestamp", excluded.name, excluded.user_id, excluded.session_id, excluded.turn_id,
        excluded.run_id, excluded.run_state, excluded.release, excluded.version, excluded.environment,
        excluded.external_id, excluded.public, excluded.bookmarked, excluded.tags, excluded.latency,
        excluded.latency_source, excluded.total_cost, excluded.cost_source, excluded.observed_cost,
        excluded.input_cost, excluded.output_cost, excluded.input_tokens, excluded.output_tokens,
        excluded.total_tokens, excluded.observation_count, excluded.debug_count, excluded.default_count,
        excluded.warning_count, excluded.error_count, excluded.level, excluded.models, excluded.last_activity,
        excluded.created_at, excluded.updated_at, excluded.state
    )
), observation_texts AS (
    INSERT INTO observation_payloads (
        part, project, trace_id, id, input_recipe, output_recipe, model_parameters, state
    )
    SELECT date '1970-01-01' + part, project, trace_id, id, input, output, model_parameters, state
    FROM unnest($89::int[], $90::text[], $91::text[], $92::text[], $93::bytea[], $94::bytea[], $95::text[], $96::bytea[])
         AS new (part, project, trace_id, id, input, output, model_parameters, state)
    ON CONFLICT (project, trace_id, id, part) DO UPDATE SET
        (input, output, input_recipe, output_recipe, model_parameters, state)
        = ROW (NULL, NULL, excluded.input_recipe, excluded.output_recipe, excluded.model_parameters, excluded.state)
), trace_texts AS (
    INSERT INTO trace_payloads (part, project, trace_id, input_recipe, output_recipe, state)
    SELECT date '1970-01-01' + part, project, trace_id, input, output, state
    FROM unnest($97::int[], $98::text[], $99::text[], $100::bytea[], $101::bytea[], $102::bytea[])
         AS new (part, project, trace_id, input, output, state)
    ON CONFLICT (project, trace_id, part) DO UPDATE SET
        (input, output, input_recipe, output_recipe, state)
        = ROW (NULL, NULL, excluded.input_recipe, excluded.output_recipe, excluded.state)
), sums AS (
    INSERT INTO rollup_changes (
        part, bucket, traces, observations, sent_traces, kind, project, model, input_tokens, output_tokens,
        total_tokens, cost, sent_cost
    )
    SELECT date '1970-01-01' + part, bucket, traces, observations, sent_traces, kind, project,
           -- Kinds from 4 on count the traces of a value.
           CASE WHEN kind < 4 THEN model ELSE xtrace_counted(model) END, input_tokens::numeric,
           output_tokens::numeric, total_tokens::numeric, cost, sent_cost
    FROM unnest(
        $108::int[], $109::timestamptz[], $110::bigint[], $111::bigint[], $112::bigint[], $113::smallint[],
        $114::text[], $115::text[], $116::text[], $117::text[], $118::text[], $119::numeric[], $120::numeric[]
    ) AS changed (
        part, bucket, traces, observations, sent_traces, kind, project, model, input_tokens, output_tokens,
        total_tokens, cost, sent_cost
    )
)
INSERT INTO payload_parts (part, project, id, has_parts, body)
SELECT date '1970-01-01' + part, project, id, has_parts, body
FROM unnest($103::int[], $104::text[], $105::bytea[], $106::boolean[], $107::bytea[])
     AS new (part, project, id, has_parts, body)
ON CONFLICT (project, id, part) DO NOTHING
