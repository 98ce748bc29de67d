-- All dictionaries, the newest last.
SELECT number, bytes FROM payload_dictionaries ORDER BY number
