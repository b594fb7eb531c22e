CREATE TABLE unsettled AS
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, -1 AS gap
FROM attempt WHERE state IN ('waiting', 'executing', 'unknown');
DROP TABLE attempt;
CREATE TABLE attempt (                -- only what waits or may have happened: what is settled has its receipts
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    action TEXT NOT NULL,
    sameness TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    node TEXT NOT NULL,
    state TEXT NOT NULL,
    permit TEXT,
    decision INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    read INTEGER NOT NULL,
    gap INTEGER NOT NULL              -- its gap leaf, or -1
) STRICT, WITHOUT ROWID;
INSERT INTO attempt SELECT * FROM unsettled;
DROP TABLE unsettled;
CREATE INDEX attempt_same ON attempt (sameness);
CREATE INDEX attempt_state ON attempt (state);

PRAGMA user_version = 5;
