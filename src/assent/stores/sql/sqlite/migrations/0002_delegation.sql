CREATE TABLE delegation (             -- a person's yes to more calls like the one shown (DESIGN §4.7)
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    principal TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    by TEXT NOT NULL,
    assurance TEXT NOT NULL,
    approval TEXT NOT NULL,
    card TEXT NOT NULL,               -- what was shown: a later call must lie within it
    lifts TEXT NOT NULL,
    count INTEGER NOT NULL,
    used INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    status TEXT NOT NULL,
    salt BLOB NOT NULL                -- opens the commitment of its leaf
) STRICT, WITHOUT ROWID;
CREATE INDEX delegation_session ON delegation (session, created);

PRAGMA user_version = 2;
