-- How long an org's runs are kept, and how much room its logs and artifacts may take.
ALTER TABLE org_shares ADD COLUMN keep_days INTEGER;
ALTER TABLE org_shares ADD COLUMN max_disk_gb INTEGER;
