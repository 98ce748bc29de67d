-- Brings unknown traces into being, locks all, and loads what is stored of them: see migration 0006. Returns rows of several
-- kinds.
SELECT kind, place, week, epoch, project, state, input, output, input_recipe, output_recipe, model_parameters,
       payload_state
FROM xtrace_hold($1::text[], $2::text[], $3::boolean[], $4::integer[], $5::text[], date '1970-01-01' + $6)
