-- transactional: false
DROP TABLE IF EXISTS health_score_history
