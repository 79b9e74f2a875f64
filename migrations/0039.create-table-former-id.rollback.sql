-- loses: SELECT COUNT(*) FROM table_former_id
-- transactional: false
DROP TABLE IF EXISTS table_former_id
