-- Version 2.
ALTER TABLE session ADD COLUMN chain TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE session ADD COLUMN key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN task TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN idle BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN used BIGINT NOT NULL DEFAULT 0;
UPDATE session SET used = opened;

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
