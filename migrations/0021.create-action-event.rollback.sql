-- loses: SELECT COUNT(*) FROM action_event
-- transactional: false
DROP TABLE IF EXISTS action_event
