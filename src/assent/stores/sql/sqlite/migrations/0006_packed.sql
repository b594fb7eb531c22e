CREATE TABLE kept_apart AS SELECT idx, salt, CAST(body AS BLOB) AS body, expires FROM sidecar;
DROP TABLE sidecar;
CREATE TABLE sidecar (                -- erasable: clear values and salts
    idx INTEGER PRIMARY KEY,
    salt BLOB NOT NULL,
    body BLOB NOT NULL,               -- packed (stores/packed.py)
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO sidecar SELECT * FROM kept_apart;
DROP TABLE kept_apart;
CREATE INDEX sidecar_expires ON sidecar (expires);

PRAGMA user_version = 6;
