-- Projects. Safe on a live system: creates new tables only.
--
-- Texts that are compared or sorted carry COLLATE "C": their order is that of their UTF-8 bytes, whatever the
-- database's own collation, so that every engine answers in the same order.

CREATE TABLE projects (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL
);
