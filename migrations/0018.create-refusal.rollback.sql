-- loses: SELECT COUNT(*) FROM refusal
-- transactional: false
DROP TABLE IF EXISTS refusal
