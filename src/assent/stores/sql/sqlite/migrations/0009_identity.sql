CREATE TABLE session_before AS SELECT * FROM session;
DROP TABLE session;
CREATE TABLE session (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    owner TEXT NOT NULL,
    client TEXT NOT NULL,
    opened INTEGER NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    labels TEXT NOT NULL,
    seq INTEGER NOT NULL,
    head TEXT NOT NULL,
    ended INTEGER NOT NULL,
    chain TEXT NOT NULL DEFAULT '[]',        -- JSON: delegations it acts under, root first
    key TEXT NOT NULL DEFAULT '',            -- authenticator that opened it
    task TEXT NOT NULL DEFAULT '',           -- digest of the task statement
    expires INTEGER NOT NULL DEFAULT 0,
    idle INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO session SELECT *, '[]', '', '', 0, 0, opened FROM session_before;
DROP TABLE session_before;
CREATE INDEX session_open ON session (client) WHERE status = 'open';
CREATE INDEX session_ended ON session (ended);

CREATE TABLE principal (              -- who may act, and who answers for them
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,              -- the `User` who answers for it; empty for a `User`
    body TEXT NOT NULL,               -- JSON
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX principal_owner ON principal (owner);

CREATE TABLE authenticator (          -- ways to prove who one is
    id TEXT PRIMARY KEY,              -- key:…, x509:…, spiffe:…, token:…
    principal TEXT NOT NULL,
    public TEXT NOT NULL,             -- JWK, or empty
    status TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX authenticator_principal ON authenticator (principal);

CREATE TABLE granted (                -- links of delegation chains (DESIGN §4.3)
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL,             -- the link it stands on; empty for a root
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    limits TEXT NOT NULL,             -- JSON
    not_before INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    digest TEXT NOT NULL,             -- of the token
    token TEXT NOT NULL,
    key TEXT NOT NULL,                -- thumbprint of the subject's key
    session TEXT NOT NULL,
    task TEXT NOT NULL,
    created INTEGER NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX granted_parent ON granted (parent);
CREATE INDEX granted_subject ON granted (subject);
CREATE INDEX granted_issuer ON granted (issuer);
CREATE INDEX granted_session ON granted (session);

CREATE TABLE revoked (                -- what was taken back
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE minted (                 -- permits given to executors, until they have expired
    id TEXT PRIMARY KEY,
    attempt TEXT NOT NULL,
    audience TEXT NOT NULL,
    session TEXT NOT NULL,
    principal TEXT NOT NULL,
    chain TEXT NOT NULL,              -- JSON
    receipt INTEGER NOT NULL,
    leaf TEXT NOT NULL,
    expires INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    own INTEGER NOT NULL,             -- the audience keeps a store of its own
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX minted_session ON minted (session);
CREATE INDEX minted_principal ON minted (principal);
CREATE INDEX minted_expires ON minted (expires);

CREATE TABLE credential (             -- upstream secrets, sealed
    name TEXT PRIMARY KEY,
    server TEXT NOT NULL,
    how TEXT NOT NULL,
    principals TEXT NOT NULL,         -- JSON
    sealed BLOB NOT NULL,
    created INTEGER NOT NULL,
    rotated INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX credential_server ON credential (server);

CREATE TABLE spent (                  -- how much of a budget is used up
    owner TEXT NOT NULL,
    measure TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (owner, measure)
) STRICT, WITHOUT ROWID;

CREATE TABLE once (                   -- ids that were used and may not be again until they have expired
    id TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_expires ON once (expires);

CREATE TABLE outgoing (               -- messages that wait to be delivered
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outgoing_due ON outgoing (due);

PRAGMA user_version = 9;
