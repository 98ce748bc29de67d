-- Appends what a transaction changed of the rollups. Returns nothing.
INSERT INTO rollup_changes (
    part, bucket, traces, observations, sent_traces, kind, project, model, input_tokens, output_tokens, total_tokens,
    cost, sent_cost
)
SELECT date '1970-01-01' + part, bucket, traces, observations, sent_traces, kind, project,
       -- Kinds from 4 on count the traces of a value.
       CASE WHEN kind < 4 THEN model ELSE xtrace_counted(model) END, input_tokens::numeric,
       output_tokens::numeric, total_tokens::numeric, cost, sent_cost
FROM unnest(
    $1::int[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::numeric[], $13::numeric[]
) AS changed (
    part, bucket, traces, observations, sent_traces, kind, project, model, input_tokens, output_tokens, total_tokens,
    cost, sent_cost
)
