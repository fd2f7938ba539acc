-- Where an attempt's time went, besides installing and testing. Null: its agent did not tell.
ALTER TABLE attempts ADD COLUMN download_seconds REAL;
ALTER TABLE attempts ADD COLUMN session_seconds REAL;
