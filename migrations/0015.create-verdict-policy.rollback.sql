-- transactional: false
DROP TABLE IF EXISTS verdict_policy
