-- The whole schema, as all migrations together leave it (a test compares the two).
-- Times are milliseconds since the epoch; digests `sha256:` and hex; lists are JSON text.

CREATE TABLE revision (               -- one row: moves with every commit, so that readers know when to look again
    one BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);
INSERT INTO revision (one, number) VALUES (1, 0);

CREATE TABLE leaf (
    idx BIGINT PRIMARY KEY,          -- 0-based position in the log
    body BYTEA NOT NULL                -- the exact bytes that are hashed
);

CREATE TABLE tree (                   -- one row: the compact right edge of the whole log
    one BIGINT PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL,
    edge BYTEA NOT NULL
);

CREATE TABLE checkpoint (
    size BIGINT PRIMARY KEY,         -- one claim per size: two roots can never both be signed
    root BYTEA NOT NULL,
    edge BYTEA NOT NULL,               -- right edge at that size; leaves after it lead to `tree`
    body TEXT COLLATE "C" NOT NULL,               -- what is to be signed, durable before it is
    note BYTEA                         -- the signed note; NULL until signed
);

CREATE TABLE stamp (
    size BIGINT PRIMARY KEY,         -- of the checkpoint that is stamped
    token BYTEA NOT NULL               -- the authority's answer, DER (RFC 3161)
);

CREATE TABLE state (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE session (
    id TEXT COLLATE "C" PRIMARY KEY,
    principal TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    opened BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    labels TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    head TEXT COLLATE "C" NOT NULL,
    ended BIGINT NOT NULL,
    chain TEXT COLLATE "C" NOT NULL DEFAULT '[]', -- JSON: delegations it acts under, root first
    key TEXT COLLATE "C" NOT NULL DEFAULT '', -- authenticator that opened it
    task TEXT COLLATE "C" NOT NULL DEFAULT '', -- digest of the task statement
    expires BIGINT NOT NULL DEFAULT 0,
    idle BIGINT NOT NULL DEFAULT 0,
    used BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX session_open ON session (client) WHERE status = 'open';
CREATE INDEX session_ended ON session (ended);

CREATE TABLE attempt (                -- only what waits or may have happened: what is settled has its receipts
    id TEXT COLLATE "C" PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    sameness TEXT COLLATE "C" NOT NULL,
    server TEXT COLLATE "C" NOT NULL,
    tool TEXT COLLATE "C" NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    permit TEXT COLLATE "C",
    decision BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    read BIGINT NOT NULL,
    gap BIGINT NOT NULL              -- its gap leaf, or -1
);
CREATE INDEX attempt_same ON attempt (sameness);
CREATE INDEX attempt_state ON attempt (state);

CREATE TABLE approval (
    id TEXT COLLATE "C" PRIMARY KEY,
    attempt TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    server TEXT COLLATE "C" NOT NULL,
    tool TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    commitment TEXT COLLATE "C" NOT NULL,
    asked TEXT COLLATE "C" NOT NULL,
    facts TEXT COLLATE "C" NOT NULL,
    card TEXT COLLATE "C" NOT NULL,
    refusal TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    answers TEXT COLLATE "C" NOT NULL,
    salt BYTEA NOT NULL                -- opens the commitments of its answers
);
CREATE INDEX approval_action ON approval (session, action);
CREATE INDEX approval_status ON approval (status, created);

CREATE TABLE delegation (             -- a person's yes to more calls like the one shown (DESIGN §4.7)
    id TEXT COLLATE "C" PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    server TEXT COLLATE "C" NOT NULL,
    tool TEXT COLLATE "C" NOT NULL,
    by TEXT COLLATE "C" NOT NULL,
    assurance TEXT COLLATE "C" NOT NULL,
    approval TEXT COLLATE "C" NOT NULL,
    card TEXT COLLATE "C" NOT NULL,               -- what was shown: a later call must lie within it
    lifts TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    used BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    salt BYTEA NOT NULL                -- opens the commitment of its leaf
);
CREATE INDEX delegation_session ON delegation (session, created);

CREATE TABLE refusal (                -- a person's no: holds for the session (DESIGN §4.7)
    session TEXT COLLATE "C" NOT NULL,
    refusal TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (session, refusal)
);

CREATE TABLE pin (
    server TEXT COLLATE "C" NOT NULL,
    tool TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    definition TEXT COLLATE "C" NOT NULL,
    offered TEXT COLLATE "C" NOT NULL,
    offered_definition TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (server, tool)
);

CREATE TABLE archive (                -- kept for ever, by digest
    digest TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL
);

CREATE TABLE kept (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY,
    attempt TEXT COLLATE "C" PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    result BYTEA NOT NULL,             -- sealed under the session's key
    sealed BIGINT NOT NULL
);
CREATE INDEX kept_action ON kept (session, action);

CREATE TABLE prior (
    attempt TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    content BYTEA,                     -- NULL: the file did not exist
    receipt BIGINT NOT NULL,         -- erased with the sidecar of this leaf
    session TEXT COLLATE "C" NOT NULL,
    sealed BIGINT NOT NULL,
    PRIMARY KEY (attempt, path)
);
CREATE INDEX prior_receipt ON prior (receipt);

CREATE TABLE value_key (              -- names of keys; the keys lie in files outside the database
    id TEXT COLLATE "C" PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL,
    live BIGINT NOT NULL              -- 0: given up, to be destroyed
);
CREATE INDEX value_key_session ON value_key (session);

CREATE TABLE sidecar (                -- erasable: salts and clear values, sealed under the session's key
    idx BIGINT PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL,
    body BYTEA NOT NULL               -- packed (stores/packed.py), then sealed
);
CREATE INDEX sidecar_expires ON sidecar (expires);

CREATE TABLE node (
    id TEXT COLLATE "C" PRIMARY KEY,
    process TEXT COLLATE "C" NOT NULL             -- boot id:pid:start time
);

CREATE TABLE passage (                -- text that a server brought into a session, as keyed fingerprints; never text
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- grows, so that who has read up to one knows what is new
    session TEXT COLLATE "C" NOT NULL,
    server TEXT COLLATE "C" NOT NULL,             -- who brought it
    prints BYTEA NOT NULL              -- 8 bytes each
);

CREATE TABLE tile (                   -- hashes of the log (c2sp.org/tlog-tiles): whole at level 0, above it they grow
    level BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    hashes BYTEA NOT NULL,             -- 32 bytes each, at most 256
    PRIMARY KEY (level, idx)
);

CREATE TABLE principal (              -- who may act, and who answers for them
    id TEXT COLLATE "C" PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,  -- the `User` who answers for it; empty for a `User`
    body TEXT COLLATE "C" NOT NULL,   -- JSON
    created BIGINT NOT NULL,
    last_used BIGINT NOT NULL
);
CREATE INDEX principal_owner ON principal (owner);

CREATE TABLE authenticator (          -- ways to prove who one is
    id TEXT COLLATE "C" PRIMARY KEY,  -- key:…, x509:…, spiffe:…, token:…
    principal TEXT COLLATE "C" NOT NULL,
    public TEXT COLLATE "C" NOT NULL, -- JWK, or empty
    status TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT NOT NULL
);
CREATE INDEX authenticator_principal ON authenticator (principal);

CREATE TABLE granted (                -- links of delegation chains (DESIGN §4.3)
    id TEXT COLLATE "C" PRIMARY KEY,
    parent TEXT COLLATE "C" NOT NULL, -- the link it stands on; empty for a root
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    limits TEXT COLLATE "C" NOT NULL, -- JSON
    not_before BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL, -- of the token
    token TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,    -- thumbprint of the subject's key
    session TEXT COLLATE "C" NOT NULL,
    task TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL
);
CREATE INDEX granted_parent ON granted (parent);
CREATE INDEX granted_subject ON granted (subject);
CREATE INDEX granted_issuer ON granted (issuer);
CREATE INDEX granted_session ON granted (session);

CREATE TABLE revoked (                -- what was taken back
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE minted (                 -- permits given to executors, until they have expired
    id TEXT COLLATE "C" PRIMARY KEY,
    attempt TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    chain TEXT COLLATE "C" NOT NULL,  -- JSON
    receipt BIGINT NOT NULL,
    leaf TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    own BIGINT NOT NULL,              -- the audience keeps a store of its own
    state TEXT COLLATE "C" NOT NULL
);
CREATE INDEX minted_session ON minted (session);
CREATE INDEX minted_principal ON minted (principal);
CREATE INDEX minted_expires ON minted (expires);

CREATE TABLE credential (             -- upstream secrets, sealed
    name TEXT COLLATE "C" PRIMARY KEY,
    server TEXT COLLATE "C" NOT NULL,
    how TEXT COLLATE "C" NOT NULL,
    principals TEXT COLLATE "C" NOT NULL,-- JSON
    sealed BYTEA NOT NULL,
    created BIGINT NOT NULL,
    rotated BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL
);
CREATE INDEX credential_server ON credential (server);

CREATE TABLE spent (                  -- how much of a budget is used up
    owner TEXT COLLATE "C" NOT NULL,
    measure TEXT COLLATE "C" NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (owner, measure)
);

CREATE TABLE once (                   -- ids that were used and may not be again until they have expired
    id TEXT COLLATE "C" PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX once_expires ON once (expires);

CREATE TABLE outgoing (               -- messages that wait to be delivered
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX outgoing_due ON outgoing (due);
