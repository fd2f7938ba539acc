-- How long sessions in a cloud an org may have open in a month, and has had.
ALTER TABLE org_shares ADD COLUMN max_cloud_minutes INTEGER;
ALTER TABLE org_shares ADD COLUMN cloud_seconds REAL;
ALTER TABLE org_shares ADD COLUMN cloud_month INTEGER;
