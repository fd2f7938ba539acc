-- A registration of a former boot that was long under way must not count.
ALTER TABLE agents ADD COLUMN former_boots TEXT;
