-- Indexes for what lists show first: the newest sessions, and the beginning of a long trace.
-- Safe on a live system where tables are small: each index keeps its table from being written to while it is built, about
-- two seconds for a million rows. On a large store build them first, one partition after the other and beside writes
-- (docs/operations.md says how); this then only takes them over.

-- Sessions by when they were first heard of: traces in that order, and of each whether its session has an earlier one.
CREATE INDEX traces_received ON traces (project, created_at DESC) WHERE session_id IS NOT NULL;
CREATE INDEX traces_received_of_session ON traces (project, session_id, created_at, id) WHERE session_id IS NOT NULL;
-- The observations of a trace in their order.
CREATE INDEX observations_of_trace ON observations (trace_id, start_time);
