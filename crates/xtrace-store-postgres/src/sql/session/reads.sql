-- Settings of a connection for queries: a time limit in milliseconds, no writing, and the end of a query whose client
-- has gone away. Short queries over partitions are not worth compiling. Returns one row of no interest.
SELECT set_config('statement_timeout', $1, false),
       set_config('default_transaction_read_only', 'on', false),
       set_config('client_connection_check_interval', '500', false),
       set_config('work_mem', '32MB', false),
       set_config('jit', 'off', false)
