-- loses: SELECT COUNT(*) FROM table_cost
-- transactional: false
DROP TABLE IF EXISTS table_cost
