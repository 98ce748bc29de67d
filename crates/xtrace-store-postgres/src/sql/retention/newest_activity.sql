-- When anything of a week was last active, by index `traces_oldest` of its partition.
SELECT max(last_activity) AS newest FROM traces WHERE part = date '1970-01-01' + $1
