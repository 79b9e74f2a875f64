-- loses: SELECT COUNT(*) FROM verdict_record
-- transactional: false
DROP TABLE IF EXISTS verdict_record
