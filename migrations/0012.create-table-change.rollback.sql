-- loses: SELECT COUNT(*) FROM table_change
-- transactional: false
DROP TABLE IF EXISTS table_change
