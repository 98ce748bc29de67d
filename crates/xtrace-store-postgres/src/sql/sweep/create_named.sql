-- The parts that are named, for this connection alone. Returns nothing.
CREATE TEMPORARY TABLE IF NOT EXISTS payload_named (id bytea NOT NULL PRIMARY KEY)
