-- Settings of a connection for commits: a time limit in milliseconds; a commit has reached the disk when it returns,
-- whatever the server's default; and look-ups by key only, because the planner cannot know how few rows an unnested
-- array has and would read a whole partition to join them; planned once. Returns one row of no interest.
SELECT set_config('statement_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $1, false),
       CASE current_setting('synchronous_commit')
           WHEN 'off' THEN set_config('synchronous_commit', 'on', false)
       END,
       set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false),
       set_config('enable_seqscan', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('jit', 'off', false)
