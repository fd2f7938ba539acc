-- How the tests of a job that is tried again stand (none: null), and what further attempts and reruns a run had.
ALTER TABLE jobs ADD COLUMN so_far TEXT;
ALTER TABLE runs ADD COLUMN test_retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN infra_retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN parent_run_id TEXT;
ALTER TABLE runs ADD COLUMN rerun_as TEXT;
