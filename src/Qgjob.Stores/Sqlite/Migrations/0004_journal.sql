-- The file becomes a journal: one commit after the other, each naming the one that it follows. What is unfinished is kept
-- in memory by the server, so only what history is asked for is indexed.

-- No two rows have the same revision; the script before this one gave orgs one in common.
UPDATE org_shares SET revision = (SELECT revision FROM counters)
    + (SELECT count(*) FROM org_shares o WHERE (o.pool, o.org_id) <= (org_shares.pool, org_shares.org_id));
UPDATE counters SET revision = revision + (SELECT count(*) FROM org_shares);

CREATE TABLE head (
    only      INTEGER PRIMARY KEY CHECK (only = 1),
    number    INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    revision  INTEGER NOT NULL,
    event     INTEGER NOT NULL
) STRICT;
-- Whatever was written before counts as one commit.
INSERT INTO head
SELECT 1, revision > 0 OR event > 0 OR EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM agents) OR EXISTS (SELECT 1 FROM estimates), '', revision, event
FROM counters;
-- A server of the version before that still runs cannot write any more.
DROP TABLE counters;

CREATE TABLE terms (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What retention asks for; 0 and null: unknown, from before.
ALTER TABLE app_versions ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE estimates ADD COLUMN learned_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN offline_since INTEGER;

DROP INDEX jobs_ready;
DROP INDEX jobs_by_deadline;
DROP INDEX runs_by_supersede_key;
DROP INDEX groups_by_revision;
DROP INDEX app_versions_by_revision;
DROP INDEX org_shares_by_revision;
DROP INDEX resources_by_revision;
DROP INDEX devices_by_revision;
DROP INDEX devices_by_agent;
DROP INDEX devices_by_job;

-- Runs that are not finished (a server reads them when it starts), and the rest in the order of their ends.
CREATE INDEX runs_by_end ON runs (finished_at, id, org_id);

-- Events are only ever read by run: they stand in that order, without an index beside them.
CREATE TABLE events_of_runs (
    run_id    TEXT NOT NULL,
    sequence  INTEGER NOT NULL,
    job_id    TEXT,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    attempt   INTEGER NOT NULL,
    device_id TEXT,
    status    TEXT,
    message   TEXT,
    seconds   REAL,
    PRIMARY KEY (run_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO events_of_runs
SELECT run_id, sequence, job_id, at, kind, attempt, device_id, status, message, seconds FROM events ORDER BY run_id, sequence;
DROP TABLE events;
ALTER TABLE events_of_runs RENAME TO events;
