-- loses: SELECT COUNT(*) FROM verdict_record WHERE expected IS NOT NULL
-- transactional: false
ALTER TABLE verdict_record DROP COLUMN expected
