-- The whole schema, as all migrations together leave it (a test compares the two).
-- Times are milliseconds since the epoch; digests `sha256:` and hex; lists are JSON text.

PRAGMA application_id = 0x41534E54;  -- ASNT
PRAGMA user_version = 9;              -- number of the last migration

CREATE TABLE leaf (
    idx INTEGER PRIMARY KEY,          -- 0-based position in the log
    body BLOB NOT NULL                -- the exact bytes that are hashed
) STRICT;

CREATE TABLE tree (                   -- one row: the compact right edge of the whole log
    one INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL,
    edge BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,         -- one claim per size: two roots can never both be signed
    root BLOB NOT NULL,
    edge BLOB NOT NULL,               -- right edge at that size; leaves after it lead to `tree`
    body TEXT NOT NULL,               -- what is to be signed, durable before it is
    note BLOB                         -- the signed note; NULL until signed
) STRICT;

CREATE TABLE stamp (
    size INTEGER PRIMARY KEY,         -- of the checkpoint that is stamped
    token BLOB NOT NULL               -- the authority's answer, DER (RFC 3161)
) STRICT;

CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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
CREATE INDEX session_open ON session (client) WHERE status = 'open';
CREATE INDEX session_ended ON session (ended);

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
CREATE INDEX attempt_same ON attempt (sameness);
CREATE INDEX attempt_state ON attempt (state);

CREATE TABLE approval (
    id TEXT PRIMARY KEY,
    attempt TEXT NOT NULL,
    session TEXT NOT NULL,
    principal TEXT NOT NULL,
    owner TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    action TEXT NOT NULL,
    commitment TEXT NOT NULL,
    asked TEXT NOT NULL,
    facts TEXT NOT NULL,
    card TEXT NOT NULL,
    refusal TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    status TEXT NOT NULL,
    answers TEXT NOT NULL,
    salt BLOB NOT NULL                -- opens the commitments of its answers
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_action ON approval (session, action);
CREATE INDEX approval_status ON approval (status, created);

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

CREATE TABLE refusal (                -- a person's no: holds for the session (DESIGN §4.7)
    session TEXT NOT NULL,
    refusal TEXT NOT NULL,
    PRIMARY KEY (session, refusal)
) STRICT, WITHOUT ROWID;

CREATE TABLE pin (
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    digest TEXT NOT NULL,
    definition TEXT NOT NULL,
    offered TEXT NOT NULL,
    offered_definition TEXT NOT NULL,
    PRIMARY KEY (server, tool)
) STRICT, WITHOUT ROWID;

CREATE TABLE archive (                -- kept for ever, by digest
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE kept (
    attempt TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    action TEXT NOT NULL,
    result BLOB NOT NULL,             -- sealed under the session's key
    sealed INTEGER NOT NULL DEFAULT 0 -- 0: from before there were keys
) STRICT;
CREATE INDEX kept_action ON kept (session, action);

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

CREATE TABLE sidecar (                -- erasable: salts and clear values, sealed under the session's key
    idx INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    expires INTEGER NOT NULL,
    body BLOB NOT NULL                -- packed (stores/packed.py), then sealed
) STRICT;
CREATE INDEX sidecar_expires ON sidecar (expires);

CREATE TABLE value_key (              -- names of keys; the keys lie in files outside the database
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    live INTEGER NOT NULL             -- 0: given up, to be destroyed
) STRICT, WITHOUT ROWID;
CREATE INDEX value_key_session ON value_key (session);

CREATE TABLE node (
    id TEXT PRIMARY KEY,
    process TEXT NOT NULL             -- boot id:pid:start time
) STRICT, WITHOUT ROWID;

CREATE TABLE passage (                -- text that a server brought into a session, as keyed fingerprints; never text
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- grows, so that who has read up to one knows what is new
    session TEXT NOT NULL,
    server TEXT NOT NULL,             -- who brought it
    prints BLOB NOT NULL              -- 8 bytes each
) STRICT;

CREATE TABLE tile (                   -- hashes of the log (c2sp.org/tlog-tiles): whole at level 0, above it they grow
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL,             -- 32 bytes each, at most 256
    PRIMARY KEY (level, idx)
) STRICT;

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
