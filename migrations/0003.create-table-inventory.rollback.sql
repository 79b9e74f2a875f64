-- loses: SELECT COUNT(*) FROM table_inventory
-- transactional: false
DROP TABLE IF EXISTS table_inventory
