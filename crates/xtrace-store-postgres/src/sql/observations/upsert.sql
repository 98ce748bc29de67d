-- Writes observation rows, in place of older ones by primary key. Returns nothing.
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
