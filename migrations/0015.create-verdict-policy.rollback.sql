-- loses: SELECT COUNT(*) FROM verdict_policy
-- transactional: false
DROP TABLE IF EXISTS verdict_policy
