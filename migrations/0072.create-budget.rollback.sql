-- loses: SELECT COUNT(*) FROM budget
-- transactional: false
DROP TABLE IF EXISTS budget
