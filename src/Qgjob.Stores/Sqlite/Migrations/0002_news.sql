-- News of an attempt carry a rising number; the latest is remembered, so that what is told twice counts once.
ALTER TABLE jobs ADD COLUMN last_news INTEGER NOT NULL DEFAULT 0;
