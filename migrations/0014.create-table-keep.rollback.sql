-- loses: SELECT COUNT(*) FROM table_keep
-- transactional: false
DROP TABLE IF EXISTS table_keep
