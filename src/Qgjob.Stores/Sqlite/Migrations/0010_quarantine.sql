-- Tests whose failures turn nothing red for a while, of an org in one row, as JSON.
CREATE TABLE quarantines (
    org_id TEXT PRIMARY KEY,
    tests  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE runs ADD COLUMN tests_quarantined INTEGER NOT NULL DEFAULT 0;
