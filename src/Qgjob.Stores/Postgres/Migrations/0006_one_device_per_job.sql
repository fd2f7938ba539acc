-- compatible_from: 1
-- Looked at when a commit ends: within one, a device may pass from one job to the next while another device takes the first, and the rows are written in any order.
ALTER TABLE devices ADD CONSTRAINT devices_one_per_job UNIQUE (lease_job_id) DEFERRABLE INITIALLY DEFERRED;
DROP INDEX devices_by_job;
