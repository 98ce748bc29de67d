-- Adds a dictionary unless another process was quicker. Returns nothing.
INSERT INTO payload_dictionaries (number, bytes) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING
