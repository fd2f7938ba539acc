-- What an attempt's results are results of, for the history of tests; null: from before.
ALTER TABLE test_results ADD COLUMN org_id TEXT;
ALTER TABLE test_results ADD COLUMN test_path TEXT;
ALTER TABLE test_results ADD COLUMN ended_at INTEGER;
ALTER TABLE test_results ADD COLUMN origin TEXT;
CREATE INDEX test_results_by_path ON test_results (org_id, test_path, ended_at) WHERE org_id IS NOT NULL;
