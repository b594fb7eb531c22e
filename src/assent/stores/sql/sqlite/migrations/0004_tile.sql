CREATE TABLE tile (                   -- hashes of the log (c2sp.org/tlog-tiles): whole at level 0, above it they grow
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL,             -- 32 bytes each, at most 256
    PRIMARY KEY (level, idx)
) STRICT;

PRAGMA user_version = 4;
