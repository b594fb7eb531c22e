-- Every statement that the store runs, by name: reads, then writes, which take all rows of a batch.

-- name: get_state
SELECT value FROM state WHERE key = ?;

-- name: get_session
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE id = ?;

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
FROM session WHERE ended > ?
UNION ALL
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE status = 'open'
ORDER BY id;

-- name: session_of_client
SELECT id, principal, owner, client, opened, status, version, labels, seq, head, ended,
       chain, key, task, expires, idle, used
FROM session WHERE client = ? AND status = 'open' ORDER BY opened, id LIMIT 1;

-- name: get_attempt
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap
FROM attempt WHERE id = ?;

-- name: attempts_like
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap
FROM attempt WHERE sameness = ? AND state IN ('executing', 'gap', 'unknown');

-- name: attempts_in
SELECT id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap
FROM attempt WHERE state = ? ORDER BY id;

-- name: get_approval
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval WHERE id = ?;

-- name: approval_for
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval
WHERE session = ? AND action = ? AND status IN ('pending', 'approved', 'denied')
ORDER BY created DESC, id DESC LIMIT 1;

-- name: all_approvals
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval ORDER BY created, id;

-- name: approvals_with_status
SELECT id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
       created, expires, status, answers, salt
FROM approval WHERE status = ? ORDER BY created, id;

-- name: get_delegation
SELECT id, session, principal, server, tool, by, assurance, approval, card, lifts,
       count, used, created, expires, status, salt
FROM delegation WHERE id = ?;

-- name: all_delegations
SELECT id, session, principal, server, tool, by, assurance, approval, card, lifts,
       count, used, created, expires, status, salt
FROM delegation ORDER BY created, id;

-- name: delegations_of
SELECT id, session, principal, server, tool, by, assurance, approval, card, lifts,
       count, used, created, expires, status, salt
FROM delegation WHERE session = ? ORDER BY created, id;

-- name: get_refusal
SELECT 1 FROM refusal WHERE session = ? AND refusal = ?;

-- name: refusals_of
SELECT refusal FROM refusal WHERE session = ?;

-- name: get_pin
SELECT server, tool, digest, definition, offered, offered_definition FROM pin WHERE server = ? AND tool = ?;

-- name: all_pins
SELECT server, tool, digest, definition, offered, offered_definition FROM pin ORDER BY server, tool;

-- name: pins_of_server
SELECT server, tool, digest, definition, offered, offered_definition FROM pin WHERE server = ? ORDER BY tool;

-- name: get_archive
SELECT content FROM archive WHERE digest = ?;

-- name: kept_for
SELECT session, action, attempt, result, sealed FROM kept WHERE session = ? AND action = ? ORDER BY rowid;

-- name: get_priors
SELECT attempt, path, content, receipt, session, sealed FROM prior WHERE attempt = ? ORDER BY path;

-- name: passages_after
SELECT session, server, prints, id FROM passage WHERE id > ? AND session = ? ORDER BY id;

-- name: passage_sessions
SELECT DISTINCT session FROM passage ORDER BY session;

-- name: all_nodes
SELECT id, process FROM node;

-- name: get_tree
SELECT size, edge FROM tree;

-- name: get_leaf
SELECT body FROM leaf WHERE idx = ?;

-- name: leaves_from
SELECT idx, body FROM leaf WHERE idx >= ? AND idx < ? ORDER BY idx;

-- name: highest_leaf
SELECT max(idx) FROM leaf;

-- name: get_tile
SELECT hashes FROM tile WHERE level = ? AND idx = ?;

-- name: tiled
SELECT (max(idx) + 1) * 256 FROM tile WHERE level = 0;

-- name: get_sidecar
SELECT idx, session, body, expires FROM sidecar WHERE idx = ?;

-- name: all_sidecars
SELECT idx, session, expires FROM sidecar ORDER BY idx;

-- name: sidecars_of
SELECT idx, session, body, expires FROM sidecar WHERE session = ? ORDER BY idx;

-- name: kept_of
SELECT attempt, action, result, sealed FROM kept WHERE session = ?;

-- name: priors_of
SELECT attempt, path, content, receipt, sealed FROM prior WHERE session = ?;

-- name: cards_of_approval
SELECT id, card, salt FROM approval WHERE session = ?;

-- name: cards_of_delegation
SELECT id, card, salt FROM delegation WHERE session = ?;

-- name: value_key
SELECT id FROM value_key WHERE session = ? AND live = 1;

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

-- name: plain_sessions
SELECT session FROM sidecar WHERE substr(body, 1, length(?)) = ?
UNION SELECT session FROM prior WHERE sealed = 0
UNION SELECT session FROM kept WHERE sealed = 0
UNION SELECT session FROM approval WHERE card <> '' AND card NOT LIKE 'sealed:%'
UNION SELECT session FROM delegation WHERE card <> '' AND card NOT LIKE 'sealed:%';

-- name: expired_sidecars
SELECT idx, session, expires FROM sidecar WHERE expires < ? ORDER BY expires;

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
SELECT root FROM checkpoint WHERE size = ?;

-- name: put_leaf
INSERT INTO leaf (idx, body) VALUES (?, ?);

-- name: drop_leaves
DELETE FROM leaf WHERE idx >= ? AND idx < ?;

-- name: put_tile
INSERT INTO tile (level, idx, hashes) VALUES (?, ?, ?)
ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes;

-- name: put_tree
INSERT INTO tree (one, size, edge) VALUES (1, ?, ?)
ON CONFLICT (one) DO UPDATE SET size = excluded.size, edge = excluded.edge;

-- name: put_claim
INSERT INTO checkpoint (size, root, edge, body) VALUES (?, ?, ?, ?);

-- name: put_note
UPDATE checkpoint SET note = ? WHERE size = ? AND note IS NULL;

-- name: cosign_note
UPDATE checkpoint SET note = ? WHERE size = ? AND note IS NOT NULL;

-- name: put_timestamp
INSERT OR REPLACE INTO stamp (size, token) VALUES (?, ?);

-- name: put_state
INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: put_session
INSERT OR REPLACE INTO session
    (id, principal, owner, client, opened, status, version, labels, seq, head, ended,
     chain, key, task, expires, idle, used)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: put_attempt
INSERT OR REPLACE INTO attempt
    (id, session, action, sameness, server, tool, node, state, permit, decision, deadline, read, gap)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_attempt
DELETE FROM attempt WHERE id = ?;

-- name: put_approval
INSERT OR REPLACE INTO approval
    (id, attempt, session, principal, owner, server, tool, action, commitment, asked, facts, card, refusal,
     created, expires, status, answers, salt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: put_delegation
INSERT OR REPLACE INTO delegation
    (id, session, principal, server, tool, by, assurance, approval, card, lifts,
     count, used, created, expires, status, salt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: put_refusal
INSERT OR IGNORE INTO refusal (session, refusal) VALUES (?, ?);

-- name: put_pin
INSERT OR REPLACE INTO pin (server, tool, digest, definition, offered, offered_definition)
VALUES (?, ?, ?, ?, ?, ?);

-- name: put_archive
INSERT OR IGNORE INTO archive (digest, kind, content) VALUES (?, ?, ?);

-- name: put_kept
INSERT OR REPLACE INTO kept (session, action, attempt, result, sealed) VALUES (?, ?, ?, ?, 1);

-- name: drop_kept
DELETE FROM kept WHERE attempt = ?;

-- name: put_prior
INSERT OR REPLACE INTO prior (attempt, path, content, receipt, session, sealed) VALUES (?, ?, ?, ?, ?, 1);

-- name: drop_priors
DELETE FROM prior WHERE receipt = ?;

-- name: put_sidecar
INSERT OR REPLACE INTO sidecar (idx, session, body, expires) VALUES (?, ?, ?, ?);

-- name: put_value_key
INSERT INTO value_key (id, session, live) VALUES (?, ?, 1);

-- name: give_up_keys
UPDATE value_key SET live = 0 WHERE session = ?;

-- name: drop_value_key
DELETE FROM value_key WHERE id = ?;

-- name: drop_prior
DELETE FROM prior WHERE attempt = ? AND path = ?;

-- name: put_card_approval
UPDATE approval SET card = ?, salt = x'' WHERE id = ?;

-- name: put_card_delegation
UPDATE delegation SET card = ?, salt = x'' WHERE id = ?;

-- name: drop_sidecar
DELETE FROM sidecar WHERE idx = ?;

-- name: put_node
INSERT OR REPLACE INTO node (id, process) VALUES (?, ?);

-- name: drop_node
DELETE FROM node WHERE id = ?;

-- name: put_passage
INSERT INTO passage (session, server, prints) VALUES (?, ?, ?);

-- name: drop_passages
DELETE FROM passage WHERE session = ?;

-- Records (stores/tables.py): by key, all, by a field; put and drop.

-- name: get_principal
SELECT id, owner, body, created, last_used FROM principal WHERE id = ?;

-- name: all_principal
SELECT id, owner, body, created, last_used FROM principal ORDER BY id;

-- name: principal_by_owner
SELECT id, owner, body, created, last_used FROM principal WHERE owner = ? ORDER BY id;

-- name: put_principal
INSERT OR REPLACE INTO principal (id, owner, body, created, last_used) VALUES (?, ?, ?, ?, ?);

-- name: drop_principal
DELETE FROM principal WHERE id = ?;

-- name: get_authenticator
SELECT id, principal, public, status, created, last_used FROM authenticator WHERE id = ?;

-- name: all_authenticator
SELECT id, principal, public, status, created, last_used FROM authenticator ORDER BY id;

-- name: authenticator_by_principal
SELECT id, principal, public, status, created, last_used FROM authenticator WHERE principal = ? ORDER BY id;

-- name: put_authenticator
INSERT OR REPLACE INTO authenticator (id, principal, public, status, created, last_used) VALUES (?, ?, ?, ?, ?, ?);

-- name: drop_authenticator
DELETE FROM authenticator WHERE id = ?;

-- name: get_granted
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE id = ?;

-- name: all_granted
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted ORDER BY id;

-- name: granted_by_parent
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE parent = ? ORDER BY id;

-- name: granted_by_subject
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE subject = ? ORDER BY id;

-- name: granted_by_issuer
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE issuer = ? ORDER BY id;

-- name: granted_by_session
SELECT id, parent, issuer, subject, limits, not_before, expires, digest, token, key, session, task, created, status
    FROM granted WHERE session = ? ORDER BY id;

-- name: put_granted
INSERT OR REPLACE INTO granted (id, parent, issuer, subject, limits, not_before, expires, digest, token, key,
    session, task, created, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_granted
DELETE FROM granted WHERE id = ?;

-- name: get_revoked
SELECT kind, id, at, epoch FROM revoked WHERE kind = ? AND id = ?;

-- name: all_revoked
SELECT kind, id, at, epoch FROM revoked ORDER BY kind, id;

-- name: revoked_by_kind
SELECT kind, id, at, epoch FROM revoked WHERE kind = ? ORDER BY kind, id;

-- name: put_revoked
INSERT OR REPLACE INTO revoked (kind, id, at, epoch) VALUES (?, ?, ?, ?);

-- name: drop_revoked
DELETE FROM revoked WHERE kind = ? AND id = ?;

-- name: get_minted
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE id = ?;

-- name: all_minted
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    ORDER BY id;

-- name: minted_by_session
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE session = ? ORDER BY id;

-- name: minted_by_principal
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE principal = ? ORDER BY id;

-- name: minted_by_audience
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE audience = ? ORDER BY id;

-- name: minted_by_expires
SELECT id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch, own, state FROM minted
    WHERE expires < ? ORDER BY id;

-- name: put_minted
INSERT OR REPLACE INTO minted (id, attempt, audience, session, principal, chain, receipt, leaf, expires, epoch,
    own, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_minted
DELETE FROM minted WHERE id = ?;

-- name: get_credential
SELECT name, server, how, principals, sealed, created, rotated, last_used, uses, status FROM credential WHERE name
    = ?;

-- name: all_credential
SELECT name, server, how, principals, sealed, created, rotated, last_used, uses, status FROM credential ORDER BY
    name;

-- name: credential_by_server
SELECT name, server, how, principals, sealed, created, rotated, last_used, uses, status FROM credential WHERE
    server = ? ORDER BY name;

-- name: put_credential
INSERT OR REPLACE INTO credential (name, server, how, principals, sealed, created, rotated, last_used, uses,
    status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: drop_credential
DELETE FROM credential WHERE name = ?;

-- name: get_spent
SELECT owner, measure, used FROM spent WHERE owner = ? AND measure = ?;

-- name: all_spent
SELECT owner, measure, used FROM spent ORDER BY owner, measure;

-- name: spent_by_owner
SELECT owner, measure, used FROM spent WHERE owner = ? ORDER BY owner, measure;

-- name: put_spent
INSERT OR REPLACE INTO spent (owner, measure, used) VALUES (?, ?, ?);

-- name: drop_spent
DELETE FROM spent WHERE owner = ? AND measure = ?;

-- name: get_once
SELECT id, expires FROM once WHERE id = ?;

-- name: all_once
SELECT id, expires FROM once ORDER BY id;

-- name: once_by_expires
SELECT id, expires FROM once WHERE expires < ? ORDER BY id;

-- name: put_once
INSERT OR REPLACE INTO once (id, expires) VALUES (?, ?);

-- name: drop_once
DELETE FROM once WHERE id = ?;

-- name: get_outgoing
SELECT id, kind, target, body, created, tries, due FROM outgoing WHERE id = ?;

-- name: all_outgoing
SELECT id, kind, target, body, created, tries, due FROM outgoing ORDER BY id;

-- name: outgoing_by_due
SELECT id, kind, target, body, created, tries, due FROM outgoing WHERE due < ? ORDER BY id;

-- name: put_outgoing
INSERT OR REPLACE INTO outgoing (id, kind, target, body, created, tries, due) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: drop_outgoing
DELETE FROM outgoing WHERE id = ?;
