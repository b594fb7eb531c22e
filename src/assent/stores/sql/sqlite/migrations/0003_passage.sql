CREATE TABLE passage (                -- text that a server brought into a session, as keyed fingerprints; never text
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- grows, so that who has read up to one knows what is new
    session TEXT NOT NULL,
    server TEXT NOT NULL,             -- who brought it
    prints BLOB NOT NULL              -- 8 bytes each
) STRICT;

PRAGMA user_version = 3;
