-- Which of these collations the server has.
SELECT DISTINCT collname::text FROM pg_collation
WHERE collname = ANY($1::text[]) AND collencoding IN (-1, pg_char_to_encoding('UTF8'))
