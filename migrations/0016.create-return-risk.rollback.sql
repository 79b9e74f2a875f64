-- transactional: false
DROP TABLE IF EXISTS return_risk
