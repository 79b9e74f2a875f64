-- loses: SELECT COUNT(*) FROM health_score_history
-- transactional: false
DROP TABLE IF EXISTS health_score_history
