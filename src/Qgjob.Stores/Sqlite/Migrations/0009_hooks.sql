-- Notifications: hooks, runs to tell of, deliveries, failing tests. Few rows, which every server has at hand; the key says of which kind one is.
CREATE TABLE hook_rows (
    key TEXT NOT NULL PRIMARY KEY,
    row TEXT NOT NULL
) STRICT, WITHOUT ROWID;
