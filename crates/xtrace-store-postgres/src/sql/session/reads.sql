-- Settings of a connection for queries: a time limit in milliseconds, no writing, and the end of a query whose client
-- has gone away. Short queries over partitions are not worth compiling,
-- and a query that took several processors would have commits wait for them. Returns one row of no interest.
SELECT set_config('statement_timeout', $1, false),
       set_config('default_transaction_read_only', 'on', false),
       set_config('client_connection_check_interval', '500', false),
       set_config('work_mem', '32MB', false),
       set_config('max_parallel_workers_per_gather', '0', false),
       set_config('jit', 'off', false)
