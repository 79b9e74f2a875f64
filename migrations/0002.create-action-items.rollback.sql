-- loses: SELECT COUNT(*) FROM action_items
-- transactional: false
DROP TABLE IF EXISTS action_items
