-- transactional: false
DROP TABLE IF EXISTS action_item_part
