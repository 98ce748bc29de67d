-- Writes trace rows, in place of older ones by primary key. Returns nothing.
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
    $1::int[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[],
    $16::boolean[], $17::text[], $18::float8[], $19::text[], $20::numeric[], $21::text[], $22::numeric[],
    $23::numeric[], $24::numeric[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[],
    $29::bigint[], $30::bigint[], $31::bigint[], $32::bigint[], $33::text[], $34::text[], $35::timestamptz[],
    $36::timestamptz[], $37::timestamptz[], $38::bytea[]
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
