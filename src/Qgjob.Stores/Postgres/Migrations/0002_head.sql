-- compatible_from: 1
-- While somebody's transaction stays open, every former version of head's row stays too: hundreds of thousands in minutes.
-- By its key all of them would have to be looked at for each commit, by the commit's number only the one that is meant.
-- Less than servers of the version before wait for the row that is locked meanwhile.
SET LOCAL lock_timeout = '4s';
ALTER TABLE head DROP CONSTRAINT head_pkey;
CREATE INDEX head_by_commit ON head (commit);
