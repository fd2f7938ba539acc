-- How long sessions in a cloud were open, and how many minutes of them a run may use.
ALTER TABLE attempts ADD COLUMN cloud_seconds REAL;
ALTER TABLE runs ADD COLUMN cloud_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN max_cloud_minutes INTEGER;
