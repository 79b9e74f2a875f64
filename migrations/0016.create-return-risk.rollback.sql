-- loses: SELECT COUNT(*) FROM return_risk
-- transactional: false
DROP TABLE IF EXISTS return_risk
