-- Times are Unix microseconds; hashes are 32 bytes; ids are UUIDs in text; bodies are JSON.

CREATE TABLE IF NOT EXISTS document (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS operation (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    pause      TEXT,
    request    TEXT NOT NULL,           -- the request as it was accepted
    requester  TEXT NOT NULL,
    lang       TEXT NOT NULL,
    consent    TEXT,                    -- id under which the person or the policy agreed
    detail     TEXT,                    -- JSON: problem, warnings, result
    from_entry INTEGER NOT NULL,        -- the journal's size when it was accepted
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS operation_by_state ON operation (state);

CREATE TABLE IF NOT EXISTS item (
    operation TEXT NOT NULL REFERENCES operation (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    document  TEXT NOT NULL,
    sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
    state     TEXT NOT NULL,
    entry     INTEGER,                  -- the journal's record of its outcome
    result    BLOB,                     -- SHA-256 of the released file
    problem   TEXT,                     -- JSON
    done      INTEGER,                  -- its place in the order in which items ended, from 1: the id of its event
    PRIMARY KEY (operation, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS item_by_done ON item (operation, done) WHERE done IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_by_document ON item (document);

CREATE TABLE IF NOT EXISTS batch (
    operation  TEXT PRIMARY KEY REFERENCES operation (id) ON DELETE CASCADE,
    credential TEXT NOT NULL,           -- JSON: certificate, key and token as they were when the batch was accepted
    peer       TEXT NOT NULL,           -- JSON: who asked
    list       BLOB NOT NULL CHECK (length(list) = 32), -- SHA-256 of what was declared
    agreed     TEXT,                    -- under which id the person or the policy agreed; none before
    wish       TEXT                     -- 'pause' or 'cancel', from when it is answered until it is done
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS idempotency (
    key        TEXT PRIMARY KEY,        -- method, path and the client's key
    body       BLOB NOT NULL,           -- SHA-256 of the request's body
    resource   TEXT NOT NULL,           -- id of what the request makes, fixed before it is handled
    status     INTEGER,                 -- NULL until it is answered
    location   TEXT,
    response   BLOB,
    created_at INTEGER NOT NULL
) STRICT;

-- What follows from the journal's records; may be made anew from them at any time.
CREATE TABLE IF NOT EXISTS reissuance (
    id          TEXT PRIMARY KEY,
    state       TEXT NOT NULL,
    certificate TEXT NOT NULL,          -- SHA-256 in hexadecimal
    body        TEXT NOT NULL,          -- JSON: what the records say beside the state
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS reissuance_by_certificate ON reissuance (certificate);
CREATE INDEX IF NOT EXISTS reissuance_by_time ON reissuance (created_at);

CREATE TABLE IF NOT EXISTS reissuance_event (
    entry   INTEGER PRIMARY KEY,        -- index of the journal's record
    request TEXT NOT NULL,
    body    TEXT NOT NULL               -- JSON
) STRICT;
CREATE INDEX IF NOT EXISTS reissuance_event_by_request ON reissuance_event (request, entry);

-- What a request needs and the journal does not hold; durable before the request's first record.
CREATE TABLE IF NOT EXISTS dossier (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL,           -- JSON: certificate, persons' data, day
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS projection (
    name TEXT PRIMARY KEY,              -- 'reissuance' and the journal's origin
    next INTEGER NOT NULL               -- index of the first journal record that is not yet applied
) STRICT;

CREATE TABLE IF NOT EXISTS notice (
    certificate TEXT NOT NULL,          -- SHA-256 in hexadecimal
    code        TEXT NOT NULL,
    told_at     INTEGER NOT NULL,
    PRIMARY KEY (certificate, code)
) STRICT, WITHOUT ROWID;
