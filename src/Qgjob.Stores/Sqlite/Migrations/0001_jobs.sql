-- Times are ticks (100 ns since year 1, UTC). Enums are the numbers of their members in Qgjob.Core.
-- Bodies (specs, test results, events) stand apart from the rows that every claim and finish changes.

CREATE TABLE counters (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL,
    event    INTEGER NOT NULL
) STRICT;
INSERT INTO counters VALUES (1, 0, 0);

CREATE TABLE runs (
    id              TEXT PRIMARY KEY,
    org_id          TEXT NOT NULL,
    pool            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    idempotency_key TEXT,
    body_hash       TEXT,
    total           INTEGER NOT NULL,
    queued          INTEGER NOT NULL,
    active          INTEGER NOT NULL,
    verdicts        TEXT NOT NULL,
    flaky           INTEGER NOT NULL,
    installs        INTEGER NOT NULL,
    tests_passed    INTEGER NOT NULL,
    tests_failed    INTEGER NOT NULL,
    tests_flaky     INTEGER NOT NULL,
    tests_skipped   INTEGER NOT NULL,
    meta            TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX runs_by_key ON runs (org_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_by_org ON runs (org_id, id);

CREATE TABLE jobs (
    id             TEXT PRIMARY KEY,
    run_id         TEXT NOT NULL,
    org_id         TEXT NOT NULL,
    app_version_id TEXT NOT NULL,
    ordinal        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    group_id       TEXT NOT NULL,
    status         INTEGER NOT NULL,
    verdict        INTEGER NOT NULL,
    tier           INTEGER NOT NULL,
    estimate       REAL NOT NULL,
    ready_at       INTEGER NOT NULL,
    queue_deadline INTEGER NOT NULL,
    started_at     INTEGER,
    finished_at    INTEGER,
    attempt        INTEGER NOT NULL,
    test_failures  INTEGER NOT NULL,
    infra_failures INTEGER NOT NULL,
    device_id      TEXT,
    reason         TEXT,
    barred         TEXT,
    flaky          INTEGER NOT NULL,
    tests_total    INTEGER,
    tests_done     INTEGER NOT NULL,
    tests_failed   INTEGER NOT NULL,
    installs       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- status 0 is queued: only jobs that wait are in these two.
CREATE INDEX jobs_ready ON jobs (group_id, tier, estimate DESC, id) WHERE status = 0;
CREATE INDEX jobs_by_deadline ON jobs (queue_deadline, id) WHERE status = 0;
CREATE INDEX jobs_by_run ON jobs (run_id, ordinal);
CREATE INDEX jobs_by_org ON jobs (org_id, id);

CREATE TABLE job_specs (
    job_id TEXT PRIMARY KEY,
    spec   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    job_id          TEXT NOT NULL,
    number          INTEGER NOT NULL,
    device_id       TEXT NOT NULL,
    agent_id        TEXT NOT NULL,
    token           INTEGER NOT NULL,
    claimed_at      INTEGER NOT NULL,
    running_at      INTEGER,
    ended_at        INTEGER,
    outcome         INTEGER NOT NULL,
    reason          TEXT,
    installs        INTEGER NOT NULL,
    install_seconds REAL NOT NULL,
    run_seconds     REAL NOT NULL,
    finish_id       TEXT,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attempts_by_lease ON attempts (device_id, token);

CREATE TABLE test_results (
    job_id  TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    tests   TEXT NOT NULL,
    PRIMARY KEY (job_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    sequence  INTEGER PRIMARY KEY,
    run_id    TEXT NOT NULL,
    job_id    TEXT,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    attempt   INTEGER NOT NULL,
    device_id TEXT,
    status    TEXT,
    message   TEXT,
    seconds   REAL
) STRICT;
CREATE INDEX events_by_run ON events (run_id, sequence);

CREATE TABLE groups (
    id             TEXT PRIMARY KEY,
    org_id         TEXT NOT NULL,
    app_version_id TEXT NOT NULL,
    target         INTEGER NOT NULL,
    needs          TEXT NOT NULL,
    barred         TEXT NOT NULL,
    pool           TEXT NOT NULL,
    queued         INTEGER NOT NULL,
    queued_seconds REAL NOT NULL,
    active         INTEGER NOT NULL,
    head_tier      INTEGER NOT NULL,
    head_ready_at  INTEGER NOT NULL,
    installs       INTEGER NOT NULL,
    revision       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX groups_by_revision ON groups (revision);

CREATE TABLE app_versions (
    org_id       TEXT NOT NULL,
    id           TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    builds       TEXT NOT NULL,
    serving      INTEGER NOT NULL,
    open_version INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX app_versions_by_revision ON app_versions (revision);

-- The lease lives in the device's row. Nothing indexes lease_until: a heartbeat changes one row and no index.
CREATE TABLE devices (
    id                   TEXT PRIMARY KEY,
    pool                 TEXT NOT NULL,
    agent_id             TEXT NOT NULL,
    online               INTEGER NOT NULL,
    paused               INTEGER NOT NULL,
    pause_note           TEXT,
    version              INTEGER NOT NULL,
    last_token           INTEGER NOT NULL,
    installs             INTEGER NOT NULL,
    attempts             INTEGER NOT NULL,
    revision             INTEGER NOT NULL,
    lease_token          INTEGER,
    lease_job_id         TEXT,
    lease_run_id         TEXT,
    lease_attempt        INTEGER,
    lease_group_id       TEXT,
    lease_org_id         TEXT,
    lease_app_version_id TEXT,
    lease_claim_id       TEXT,
    lease_claimed_at     INTEGER,
    lease_until          INTEGER,
    lease_cancel         INTEGER,
    offer                TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX devices_by_job ON devices (lease_job_id) WHERE lease_job_id IS NOT NULL;
CREATE INDEX devices_by_agent ON devices (agent_id, id);
CREATE INDEX devices_by_revision ON devices (revision);

CREATE TABLE agents (
    id        TEXT PRIMARY KEY,
    boot_id   TEXT NOT NULL,
    name      TEXT NOT NULL,
    version   TEXT NOT NULL,
    pool      TEXT NOT NULL,
    last_seen INTEGER NOT NULL,
    online    INTEGER NOT NULL,
    draining  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE estimates (
    key     TEXT PRIMARY KEY,
    seconds REAL NOT NULL
) STRICT, WITHOUT ROWID;
