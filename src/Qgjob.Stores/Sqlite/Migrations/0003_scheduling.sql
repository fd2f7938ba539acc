-- Orgs' shares of a pool and named resources; what claims take into account of devices and app versions.

CREATE TABLE org_shares (
    pool         TEXT NOT NULL,
    org_id       TEXT NOT NULL,
    weight       REAL NOT NULL,
    max_devices  INTEGER,
    max_priority INTEGER,
    virtual_time REAL NOT NULL,
    queued       INTEGER NOT NULL,
    active       INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    PRIMARY KEY (pool, org_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX org_shares_by_revision ON org_shares (revision);

-- Units with their holders are one list: a claim rewrites the row anyway.
CREATE TABLE resources (
    org_id   TEXT NOT NULL,
    name     TEXT NOT NULL,
    units    TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (org_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX resources_by_revision ON resources (revision);

ALTER TABLE runs ADD COLUMN supersede_key TEXT;
ALTER TABLE runs ADD COLUMN superseded_by TEXT;
ALTER TABLE runs ADD COLUMN fail_fast INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_by_supersede_key ON runs (org_id, supersede_key, id) WHERE supersede_key IS NOT NULL AND finished_at IS NULL;

ALTER TABLE groups ADD COLUMN resources TEXT NOT NULL DEFAULT '';

ALTER TABLE app_versions ADD COLUMN install_seconds REAL;
ALTER TABLE app_versions ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;

ALTER TABLE devices ADD COLUMN failures TEXT;
ALTER TABLE devices ADD COLUMN cooldowns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN cooling_until INTEGER;
ALTER TABLE devices ADD COLUMN lease_charged REAL;
ALTER TABLE devices ADD COLUMN lease_units TEXT;

-- What waits and what runs, by org. A lease of a canceled job counts until its agent lets go of the device.
-- Running attempts were charged nothing at their claim; their ends charge them whole.
UPDATE counters SET revision = revision + 1 WHERE EXISTS (SELECT 1 FROM jobs);
INSERT INTO org_shares
SELECT pool, org_id, 1, NULL, NULL, 0, sum(queued), sum(active), (SELECT revision FROM counters)
FROM (
    SELECT r.pool, j.org_id, 1 AS queued, 0 AS active FROM jobs j JOIN runs r ON r.id = j.run_id WHERE j.status = 0
    UNION ALL
    SELECT r.pool, d.lease_org_id, 0, 1 FROM devices d JOIN runs r ON r.id = d.lease_run_id WHERE d.lease_token IS NOT NULL
)
GROUP BY pool, org_id;

-- A group's age is its head's since the submission, not since the last requeue.
UPDATE groups SET head_ready_at = (
    SELECT created_at FROM jobs WHERE status = 0 AND group_id = groups.id ORDER BY tier, estimate DESC, id LIMIT 1)
WHERE EXISTS (SELECT 1 FROM jobs WHERE status = 0 AND group_id = groups.id);

-- Install estimates stood under the app version's id. They move to the app version, and the newest one of a package to the package.
UPDATE app_versions SET install_seconds = (
    SELECT seconds FROM estimates WHERE key = 'install' || char(10) || app_versions.org_id || char(10) || app_versions.id);
DELETE FROM estimates WHERE key IN (SELECT 'install' || char(10) || org_id || char(10) || id FROM app_versions);
INSERT INTO estimates
SELECT key, seconds FROM (
    SELECT 'install' || char(10) || v.org_id || char(10) || (b.value ->> 'package_id') AS key, v.install_seconds AS seconds, max(v.created_at)
    FROM app_versions v, json_each(v.builds) b
    WHERE v.install_seconds IS NOT NULL
    GROUP BY 1);
