-- loses: SELECT COUNT(*) FROM action_decision
-- transactional: false
DROP TABLE IF EXISTS action_decision
