-- compatible_from: 1
-- Notifications: hooks, runs to tell of, deliveries, failing tests. Few rows, which every server has at hand; the key says of which kind one is.
CREATE TABLE hook_rows (
    key text COLLATE "C" PRIMARY KEY,
    row text NOT NULL
) WITH (fillfactor = 50);
