-- Forgets the named parts of the sweep before. Returns nothing.
TRUNCATE payload_named
