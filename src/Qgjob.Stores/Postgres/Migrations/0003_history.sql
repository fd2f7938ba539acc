-- compatible_from: 1
-- What an attempt's results are results of, for the history of tests; null: from before, or from a server of before.
ALTER TABLE test_results ADD COLUMN org_id text COLLATE "C";
ALTER TABLE test_results ADD COLUMN test_path text COLLATE "C";
ALTER TABLE test_results ADD COLUMN ended_at bigint;
ALTER TABLE test_results ADD COLUMN origin text;
CREATE INDEX test_results_by_path ON test_results (org_id, test_path, ended_at) WHERE org_id IS NOT NULL;
