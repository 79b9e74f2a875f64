-- loses: nothing, a refresh stages it again
-- transactional: false
DROP TABLE IF EXISTS table_inventory_staged_text
