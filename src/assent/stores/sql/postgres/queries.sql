-- Every statement that the store runs, by name: reads, then writes, which take all rows of a batch.

-- name: get_state
SELECT value FROM state WHERE key = %s;

-- name: get_session
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE id = %s;

-- name: all_sessions
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session ORDER BY id;

-- name: open_sessions
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE status = 'open' ORDER BY id;

-- name: recent_sessions
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE ended > %s
UNION ALL
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE status = 'open'
ORDER BY id;

-- name: session_of_client
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE client = %s AND status = 'open' ORDER BY opened, id LIMIT 1;

-- name: get_attempt
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap
FROM attempt WHERE id = %s;

-- name: attempts_like
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap
FROM attempt WHERE sameness = %s AND state IN ('executing', 'gap', 'unknown');

-- name: attempts_in
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap
FROM attempt WHERE state = %s ORDER BY id;

-- name: get_approval
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval WHERE id = %s;

-- name: approval_for
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval
WHERE session = %s AND action = %s AND status IN ('pending', 'approved', 'denied')
ORDER BY created DESC, id DESC LIMIT 1;

-- name: all_approvals
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval ORDER BY created, id;

-- name: approvals_with_status
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval WHERE status = %s ORDER BY created, id;

-- name: get_delegation
SELECT id, session, principal, server, tool, by, assurance, approval, card, lifts,
       count, used, created, expires, status, salt
FROM delegation WHERE id = %s;

-- name: all_delegations
SELECT id, session, principal, server, tool, by, assurance, approval, card, lifts,
       count, used, created, expires, status, salt
FROM delegation ORDER BY created, id;

-- name: delegations_of
SELECT id, session, principal, server, tool, by, assurance, approval, card, lifts,
       count, used, created, expires, status, salt
FROM delegation WHERE session = %s ORDER BY created, id;

-- name: get_refusal
SELECT 1 FROM refusal WHERE session = %s AND refusal = %s;

-- name: refusals_of
SELECT refusal FROM refusal WHERE session = %s;

-- name: get_pin
SELECT server, tool, digest, definition, offered, offered_definition FROM pin WHERE server = %s AND tool = %s;

-- name: all_pins
SELECT server, tool, digest, definition, offered, offered_definition FROM pin ORDER BY server, tool;

-- name: pins_of_server
SELECT server, tool, digest, definition, offered, offered_definition FROM pin WHERE server = %s ORDER BY tool;

-- name: get_archive
SELECT content FROM archive WHERE digest = %s;

-- name: kept_for
SELECT session, action, attempt, result, sealed FROM kept WHERE session = %s AND action = %s ORDER BY rowid;

-- name: get_priors
SELECT attempt, path, content, receipt, session, sealed FROM prior WHERE attempt = %s ORDER BY path;

-- name: passages_after
SELECT session, server, prints, id FROM passage WHERE id > %s AND session = %s ORDER BY id;

-- name: passage_sessions
SELECT DISTINCT session FROM passage ORDER BY session;

-- name: all_nodes
SELECT id, process FROM node;

-- name: get_tree
SELECT size, edge FROM tree;

-- name: get_leaf
SELECT body FROM leaf WHERE idx = %s;

-- name: leaves_from
SELECT idx, body FROM leaf WHERE idx >= %s AND idx < %s ORDER BY idx;

-- name: highest_leaf
SELECT max(idx) FROM leaf;

-- name: get_tile
SELECT hashes FROM tile WHERE level = %s AND idx = %s;

-- name: tiled
SELECT (max(idx) + 1) * 256 FROM tile WHERE level = 0;

-- name: get_sidecar
SELECT idx, session, body, expires FROM sidecar WHERE idx = %s;

-- name: all_sidecars
SELECT idx, session, expires FROM sidecar ORDER BY idx;

-- name: sidecars_of
SELECT idx, session, body, expires FROM sidecar WHERE session = %s ORDER BY idx;

-- name: kept_of
SELECT attempt, action, result, sealed FROM kept WHERE session = %s;

-- name: priors_of
SELECT attempt, path, content, receipt, sealed FROM prior WHERE session = %s;

-- name: cards_of_approval
SELECT id, card, salt FROM approval WHERE session = %s;

-- name: cards_of_delegation
SELECT id, card, salt FROM delegation WHERE session = %s;

-- name: value_key
SELECT id FROM value_key WHERE session = %s AND live = 1;

-- name: dead_keys
SELECT id FROM value_key WHERE live = 0;

-- name: all_value_keys
SELECT id FROM value_key;

-- name: idle_keys
SELECT session FROM value_key WHERE live = 1
    AND session NOT IN (SELECT session FROM sidecar)
    AND session NOT IN (SELECT session FROM prior)
    AND session NOT IN (SELECT session FROM kept)
    AND session NOT IN (SELECT session FROM approval WHERE card <> '')
    AND session NOT IN (SELECT session FROM delegation WHERE card <> '');

-- name: expired_sidecars
SELECT idx, session, expires FROM sidecar WHERE expires < %s ORDER BY expires;

-- name: signed_checkpoints
SELECT size, note FROM checkpoint WHERE note IS NOT NULL ORDER BY size;

-- name: newest_checkpoint
SELECT size, note FROM checkpoint WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1;

-- name: timestamps
SELECT size, token FROM stamp ORDER BY size;

-- name: unsigned_checkpoints
SELECT size, body FROM checkpoint WHERE note IS NULL ORDER BY size;

-- name: last_checkpoint
SELECT max(size) FROM checkpoint;

-- name: last_claim
SELECT size, root, edge FROM checkpoint ORDER BY size DESC LIMIT 1;

-- name: claim_of_size
SELECT root FROM checkpoint WHERE size = %s;

-- name: put_leaf
INSERT INTO leaf (idx, body) VALUES (%s, %s);

-- name: drop_leaves
DELETE FROM leaf WHERE idx >= %s AND idx < %s;

-- name: put_tile
INSERT INTO tile (level, idx, hashes) VALUES (%s, %s, %s)
ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes;

-- name: put_tree
INSERT INTO tree (one, size, edge) VALUES (1, %s, %s)
ON CONFLICT (one) DO UPDATE SET size = excluded.size, edge = excluded.edge;

-- name: put_claim
INSERT INTO checkpoint (size, root, edge, body) VALUES (%s, %s, %s, %s);

-- name: put_note
UPDATE checkpoint SET note = %s WHERE size = %s AND note IS NULL;

-- name: cosign_note
UPDATE checkpoint SET note = %s WHERE size = %s AND note IS NOT NULL;

-- name: put_timestamp
INSERT INTO stamp (size, token)
VALUES (%s, %s)
ON CONFLICT (size) DO UPDATE SET token = excluded.token;

-- name: put_state
INSERT INTO state (key, value) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: put_session
INSERT INTO session (id, principal, owner, client, opened, status, version, labels, seq, head, ended,
     chain, key, task, expires, idle, used)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    principal = excluded.principal, owner = excluded.owner, client = excluded.client, opened = excluded.opened,
    status = excluded.status, version = excluded.version, labels = excluded.labels, seq = excluded.seq, head =
    excluded.head, ended = excluded.ended, chain = excluded.chain, key = excluded.key, task = excluded.task,
    expires = excluded.expires, idle = excluded.idle, used = excluded.used;

-- name: put_attempt
INSERT INTO attempt (id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    session = excluded.session, action = excluded.action, sameness = excluded.sameness, server =
    excluded.server, tool = excluded.tool, node = excluded.node, state = excluded.state, permit =
    excluded.permit, decision = excluded.decision, deadline = excluded.deadline, read = excluded.read, gap =
    excluded.gap;

-- name: drop_attempt
DELETE FROM attempt WHERE id = %s;

-- name: put_approval
INSERT INTO approval (id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
     created, expires, status, answers, salt)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    attempt = excluded.attempt, session = excluded.session, principal = excluded.principal, owner =
    excluded.owner, server = excluded.server, tool = excluded.tool, action = excluded.action, commitment =
    excluded.commitment, asked = excluded.asked, facts = excluded.facts, card = excluded.card, refusal =
    excluded.refusal, created = excluded.created, expires = excluded.expires, status = excluded.status, answers
    = excluded.answers, salt = excluded.salt;

-- name: put_delegation
INSERT INTO delegation (id, session, principal, server, tool, by, assurance, approval, card, lifts,
     count, used, created, expires, status, salt)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    session = excluded.session, principal = excluded.principal, server = excluded.server, tool = excluded.tool,
    by = excluded.by, assurance = excluded.assurance, approval = excluded.approval, card = excluded.card, lifts
    = excluded.lifts, count = excluded.count, used = excluded.used, created = excluded.created, expires =
    excluded.expires, status = excluded.status, salt = excluded.salt;

-- name: put_refusal
INSERT INTO refusal (session, refusal) VALUES (%s, %s) ON CONFLICT DO NOTHING;

-- name: put_pin
INSERT INTO pin (server, tool, digest, definition, offered, offered_definition)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (server, tool) DO UPDATE SET
    digest = excluded.digest, definition = excluded.definition, offered = excluded.offered, offered_definition =
    excluded.offered_definition;

-- name: put_archive
INSERT INTO archive (digest, kind, content) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING;

-- name: put_kept
INSERT INTO kept (session, action, attempt, result, sealed)
VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (attempt) DO UPDATE SET session = excluded.session, action = excluded.action, result = excluded.result;

-- name: drop_kept
DELETE FROM kept WHERE attempt = %s;

-- name: put_prior
INSERT INTO prior (attempt, path, content, receipt, session, sealed)
VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT (attempt, path) DO UPDATE SET
    content = excluded.content, receipt = excluded.receipt, session = excluded.session;

-- name: drop_priors
DELETE FROM prior WHERE receipt = %s;

-- name: put_sidecar
INSERT INTO sidecar (idx, session, body, expires)
VALUES (%s, %s, %s, %s)
ON CONFLICT (idx) DO UPDATE SET session = excluded.session, body = excluded.body, expires = excluded.expires;

-- name: put_value_key
INSERT INTO value_key (id, session, live) VALUES (%s, %s, 1);

-- name: give_up_keys
UPDATE value_key SET live = 0 WHERE session = %s;

-- name: drop_value_key
DELETE FROM value_key WHERE id = %s;

-- name: drop_prior
DELETE FROM prior WHERE attempt = %s AND path = %s;

-- name: put_card_approval
UPDATE approval SET card = %s, salt = '' WHERE id = %s;

-- name: put_card_delegation
UPDATE delegation SET card = %s, salt = '' WHERE id = %s;

-- name: drop_sidecar
DELETE FROM sidecar WHERE idx = %s;

-- name: put_node
INSERT INTO node (id, process)
VALUES (%s, %s)
ON CONFLICT (id) DO UPDATE SET process = excluded.process;

-- name: drop_node
DELETE FROM node WHERE id = %s;

-- name: put_passage
INSERT INTO passage (session, server, prints) VALUES (%s, %s, %s);

-- name: drop_passages
DELETE FROM passage WHERE session = %s;

-- name: get_revision
SELECT number FROM revision;

-- name: move_revision
UPDATE revision SET number = number + 1;

-- name: set_lock_timeout
SELECT set_config('lock_timeout', %s, true);

-- name: set_durable
SELECT set_config('synchronous_commit', %s, true);

-- name: take_lock
SELECT pg_advisory_xact_lock(%s);

-- Records (stores/tables.py): by key, all, by a field; put and drop.

-- name: get_principal
SELECT id, owner, body, created, last_used FROM principal WHERE id = %s;

-- name: all_principal
SELECT id, owner, body, created, last_used FROM principal ORDER BY id;

-- name: principal_by_owner
SELECT id, owner, body, created, last_used FROM principal WHERE owner = %s ORDER BY id;

-- name: put_principal
INSERT INTO principal (id, owner, body, created, last_used) VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE
    SET owner = excluded.owner, body = excluded.body, created = excluded.created, last_used = excluded.last_used;

-- name: drop_principal
DELETE FROM principal WHERE id = %s;

-- name: get_authenticator
SELECT id, principal, public, status, created, last_used FROM authenticator WHERE id = %s;

-- name: all_authenticator
SELECT id, principal, public, status, created, last_used FROM authenticator ORDER BY id;

-- name: authenticator_by_principal
SELECT id, principal, public, status, created, last_used FROM authenticator WHERE principal = %s ORDER BY id;

-- name: put_authenticator
INSERT INTO authenticator (id, principal, public, status, created, last_used) VALUES (%s, %s, %s, %s, %s, %s) ON
    CONFLICT (id) DO UPDATE SET principal = excluded.principal, public = excluded.public, status = excluded.status,
    created = excluded.created, last_used = excluded.last_used;

-- name: drop_authenticator
DELETE FROM authenticator WHERE id = %s;

-- name: get_granted
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE id = %s;

-- name: all_granted
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted ORDER BY id;

-- name: granted_by_parent
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE parent = %s ORDER BY id;

-- name: granted_by_subject
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE subject = %s ORDER BY id;

-- name: granted_by_issuer
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE issuer = %s ORDER BY id;

-- name: granted_by_session
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE session = %s ORDER BY id;

-- name: put_granted
INSERT INTO granted (id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task,
    created, status) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET
    parent = excluded.parent, issuer = excluded.issuer, subject = excluded.subject, limits = excluded.limits,
    not_before = excluded.not_before, expires = excluded.expires, digest = excluded.digest, token = excluded.token,
    key = excluded.key, session = excluded.session, task = excluded.task, created = excluded.created, status =
    excluded.status;

-- name: drop_granted
DELETE FROM granted WHERE id = %s;

-- name: get_revoked
SELECT kind, id, at, epoch FROM revoked WHERE kind = %s AND id = %s;

-- name: all_revoked
SELECT kind, id, at, epoch FROM revoked ORDER BY kind, id;

-- name: revoked_by_kind
SELECT kind, id, at, epoch FROM revoked WHERE kind = %s ORDER BY kind, id;

-- name: put_revoked
INSERT INTO revoked (kind, id, at, epoch) VALUES (%s, %s, %s, %s) ON CONFLICT (kind, id) DO UPDATE SET at =
    excluded.at, epoch = excluded.epoch;

-- name: drop_revoked
DELETE FROM revoked WHERE kind = %s AND id = %s;

-- name: get_minted
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE id = %s;

-- name: all_minted
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    ORDER BY id;

-- name: minted_by_session
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE session = %s ORDER BY id;

-- name: minted_by_principal
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE principal = %s ORDER BY id;

-- name: minted_by_audience
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE audience = %s ORDER BY id;

-- name: minted_by_expires
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE expires < %s ORDER BY id;

-- name: put_minted
INSERT INTO minted (id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET attempt =
    excluded.attempt, audience = excluded.audience, session = excluded.session, principal = excluded.principal,
    chain = excluded.chain, receipt = excluded.receipt, leaf = excluded.leaf, expires = excluded.expires, epoch =
    excluded.epoch, own = excluded.own, state = excluded.state;

-- name: drop_minted
DELETE FROM minted WHERE id = %s;

-- name: get_credential
SELECT name, server, how, principals, sealed, created, rotated, last_used, uses, status FROM credential WHERE name
    = %s;

-- name: all_credential
SELECT name, server, how, principals, sealed, created, rotated, last_used, uses, status FROM credential ORDER BY
    name;

-- name: credential_by_server
SELECT name, server, how, principals, sealed, created, rotated, last_used, uses, status FROM credential WHERE
    server = %s ORDER BY name;

-- name: put_credential
INSERT INTO credential (name, server, how, principals, sealed, created, rotated, last_used, uses, status) VALUES
    (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET server = excluded.server, how =
    excluded.how, principals = excluded.principals, sealed = excluded.sealed, created = excluded.created, rotated =
    excluded.rotated, last_used = excluded.last_used, uses = excluded.uses, status = excluded.status;

-- name: drop_credential
DELETE FROM credential WHERE name = %s;

-- name: get_spent
SELECT owner, measure, used FROM spent WHERE owner = %s AND measure = %s;

-- name: all_spent
SELECT owner, measure, used FROM spent ORDER BY owner, measure;

-- name: spent_by_owner
SELECT owner, measure, used FROM spent WHERE owner = %s ORDER BY owner, measure;

-- name: put_spent
INSERT INTO spent (owner, measure, used) VALUES (%s, %s, %s) ON CONFLICT (owner, measure) DO UPDATE SET used =
    excluded.used;

-- name: drop_spent
DELETE FROM spent WHERE owner = %s AND measure = %s;

-- name: get_once
SELECT id, expires FROM once WHERE id = %s;

-- name: all_once
SELECT id, expires FROM once ORDER BY id;

-- name: once_by_expires
SELECT id, expires FROM once WHERE expires < %s ORDER BY id;

-- name: put_once
INSERT INTO once (id, expires) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET expires = excluded.expires;

-- name: drop_once
DELETE FROM once WHERE id = %s;

-- name: get_outgoing
SELECT id, kind, target, body, created, tries, due FROM outgoing WHERE id = %s;

-- name: all_outgoing
SELECT id, kind, target, body, created, tries, due FROM outgoing ORDER BY id;

-- name: outgoing_by_due
SELECT id, kind, target, body, created, tries, due FROM outgoing WHERE due < %s ORDER BY id;

-- name: put_outgoing
INSERT INTO outgoing (id, kind, target, body, created, tries, due) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT
    (id) DO UPDATE SET kind = excluded.kind, target = excluded.target, body = excluded.body, created =
    excluded.created, tries = excluded.tries, due = excluded.due;

-- name: drop_outgoing
DELETE FROM outgoing WHERE id = %s;
