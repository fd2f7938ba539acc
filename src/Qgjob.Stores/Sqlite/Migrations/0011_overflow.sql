-- The kind of device that a group's jobs spare, and for how many seconds: 'browserstack 300'.
ALTER TABLE groups ADD COLUMN overflow TEXT NOT NULL DEFAULT '';
