CREATE TABLE stamp (
    size INTEGER PRIMARY KEY,         -- of the checkpoint that is stamped
    token BLOB NOT NULL               -- the authority's answer, DER (RFC 3161)
) STRICT;

PRAGMA user_version = 8;
