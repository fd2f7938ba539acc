-- Rows are JSON as every store and backup writes them (column "row"); beside it stand the keys and what queries filter or
-- sort by. Times are ticks (100 ns since year 1, UTC). Text is compared by its bytes, as servers compare it.

-- Where the store stands. Its one row is what makes commits follow one another: every commit updates it first.
CREATE TABLE head (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    commit    bigint NOT NULL,
    commit_id text COLLATE "C" NOT NULL,
    revision  bigint NOT NULL,
    event     bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO head VALUES (true, 0, '', 0, 0);

-- The latest commits as they were made, for the other servers. Packed ones are Brotli.
CREATE TABLE feed (
    commit  bigint PRIMARY KEY,
    packed  boolean NOT NULL,
    changes bytea NOT NULL
);
ALTER TABLE feed ALTER COLUMN changes SET STORAGE EXTERNAL;

CREATE TABLE runs (
    id              text COLLATE "C" PRIMARY KEY,
    org_id          text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C",
    finished_at     bigint,
    row             text NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX runs_by_key ON runs (org_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_by_org ON runs (org_id, id);
CREATE INDEX runs_live ON runs (id) WHERE finished_at IS NULL;
CREATE INDEX runs_finished ON runs (org_id, finished_at, id) WHERE finished_at IS NOT NULL;

-- spec is written once. Of what changes, only the end of a job (live) is in an index: claims stay heap-only.
CREATE TABLE jobs (
    id             text COLLATE "C" PRIMARY KEY,
    run_id         text COLLATE "C" NOT NULL,
    org_id         text COLLATE "C" NOT NULL,
    app_version_id text COLLATE "C" NOT NULL,
    ordinal        integer NOT NULL,
    status         smallint NOT NULL,
    live           boolean NOT NULL,
    row            text NOT NULL,
    spec           text NOT NULL
) WITH (fillfactor = 60);
CREATE INDEX jobs_by_run ON jobs (run_id, ordinal);
CREATE INDEX jobs_by_org ON jobs (org_id, id);
CREATE INDEX jobs_live ON jobs (id) WHERE live;

CREATE TABLE attempts (
    job_id    text COLLATE "C" NOT NULL,
    number    integer NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    token     bigint NOT NULL,
    row       text NOT NULL,
    PRIMARY KEY (job_id, number)
) WITH (fillfactor = 70);
-- A device's tokens never come twice, whatever a server believes.
CREATE UNIQUE INDEX attempts_by_lease ON attempts (device_id, token);

CREATE TABLE test_results (
    job_id  text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    row     text NOT NULL,
    PRIMARY KEY (job_id, attempt)
);

CREATE TABLE events (
    run_id   text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    job_id   text COLLATE "C",
    row      text NOT NULL,
    PRIMARY KEY (run_id, sequence)
);

CREATE TABLE groups (
    id  text COLLATE "C" PRIMARY KEY,
    row text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE app_versions (
    org_id text COLLATE "C" NOT NULL,
    id     text COLLATE "C" NOT NULL,
    row    text NOT NULL,
    PRIMARY KEY (org_id, id)
) WITH (fillfactor = 50);

CREATE TABLE orgs (
    pool   text COLLATE "C" NOT NULL,
    org_id text COLLATE "C" NOT NULL,
    row    text NOT NULL,
    PRIMARY KEY (pool, org_id)
) WITH (fillfactor = 50);

CREATE TABLE resources (
    org_id text COLLATE "C" NOT NULL,
    name   text COLLATE "C" NOT NULL,
    row    text NOT NULL,
    PRIMARY KEY (org_id, name)
) WITH (fillfactor = 50);

-- A heartbeat writes lease_until alone, which no index has; it counts, not what the row says of the lease's end.
CREATE TABLE devices (
    id           text COLLATE "C" PRIMARY KEY,
    lease_job_id text COLLATE "C",
    lease_run_id text COLLATE "C",
    lease_until  bigint,
    row          text NOT NULL
) WITH (fillfactor = 40);
-- A job is on one device at most, whatever a server believes.
CREATE UNIQUE INDEX devices_by_job ON devices (lease_job_id) WHERE lease_job_id IS NOT NULL;

CREATE TABLE agents (
    id  text COLLATE "C" PRIMARY KEY,
    row text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE estimates (
    key text COLLATE "C" PRIMARY KEY,
    row text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE terms (
    name text COLLATE "C" PRIMARY KEY,
    row  text NOT NULL
) WITH (fillfactor = 50);
