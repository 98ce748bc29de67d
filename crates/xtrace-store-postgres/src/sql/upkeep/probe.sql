-- Whether the server answers. Returns one row of no interest.
SELECT 1
