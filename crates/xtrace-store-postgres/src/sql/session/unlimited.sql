-- Lets statements of this transaction take as long as they need, and the planner choose as it likes: they read whole
-- tables. Returns one row of no interest.
SELECT set_config('statement_timeout', '0', true),
       set_config('enable_hashjoin', 'on', true),
       set_config('enable_mergejoin', 'on', true),
       set_config('enable_seqscan', 'on', true)
