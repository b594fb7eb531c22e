-- Clear values are sealed under a key per session, which lies outside the database (docs/privacy.md).
-- What stands in the clear is marked and sealed at the next start. `session_of` (stores/opening.py)
-- reads a leaf, which may be packed.

CREATE TABLE value_key (              -- names of keys; the keys lie in files outside the database
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    live INTEGER NOT NULL             -- 0: given up, to be destroyed
) STRICT, WITHOUT ROWID;
CREATE INDEX value_key_session ON value_key (session);

DROP INDEX sidecar_expires;
ALTER TABLE sidecar RENAME TO clear_sidecar;
CREATE TABLE sidecar (                -- erasable: salts and clear values, sealed under the session's key
    idx INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    expires INTEGER NOT NULL,
    body BLOB NOT NULL                -- packed (stores/packed.py), then sealed
) STRICT;
CREATE INDEX sidecar_expires ON sidecar (expires);
INSERT INTO sidecar (idx, session, expires, body)
SELECT old.idx, session_of(leaf.body), old.expires,
       CAST('plain-----------' || lower(hex(old.salt)) || old.body AS BLOB)
FROM clear_sidecar AS old LEFT JOIN leaf ON leaf.idx = old.idx;
DROP TABLE clear_sidecar;

DROP INDEX prior_receipt;
ALTER TABLE prior RENAME TO clear_prior;
CREATE TABLE prior (
    attempt TEXT NOT NULL,
    path TEXT NOT NULL,
    content BLOB,                     -- NULL: the file did not exist; else sealed under the session's key
    receipt INTEGER NOT NULL,         -- erased with the sidecar of this leaf
    session TEXT NOT NULL DEFAULT '',
    sealed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (attempt, path)
) STRICT;
CREATE INDEX prior_receipt ON prior (receipt);
INSERT INTO prior (attempt, path, content, receipt, session, sealed)
SELECT old.attempt, old.path, old.content, old.receipt, coalesce(attempt.session, ''), 0
FROM clear_prior AS old LEFT JOIN attempt ON attempt.id = old.attempt;
DROP TABLE clear_prior;

DROP INDEX kept_action;
ALTER TABLE kept RENAME TO clear_kept;
CREATE TABLE kept (
    attempt TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    action TEXT NOT NULL,
    result BLOB NOT NULL,             -- sealed under the session's key
    sealed INTEGER NOT NULL DEFAULT 0 -- 0: from before there were keys
) STRICT;
CREATE INDEX kept_action ON kept (session, action);
INSERT INTO kept (attempt, session, action, result, sealed)
SELECT attempt, session, action, result, 0 FROM clear_kept ORDER BY rowid;
DROP TABLE clear_kept;

INSERT INTO state (key, value) SELECT 'values_plain', '1' WHERE EXISTS (SELECT 1 FROM leaf);

PRAGMA user_version = 7;
