-- loses: SELECT COUNT(*) FROM action_item_part
-- transactional: false
DROP TABLE IF EXISTS action_item_part
