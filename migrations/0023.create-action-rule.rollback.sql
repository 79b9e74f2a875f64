-- transactional: false
DROP TABLE IF EXISTS action_rule
