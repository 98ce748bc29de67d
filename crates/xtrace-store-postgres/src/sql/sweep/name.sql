-- Notes parts as named. Returns those that were not noted before.
INSERT INTO payload_named (id) SELECT unnest($1::bytea[]) ON CONFLICT DO NOTHING RETURNING id
