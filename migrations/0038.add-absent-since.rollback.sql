-- loses: SELECT COUNT(*) FROM table_inventory WHERE absent_since IS NOT NULL
-- transactional: false
ALTER TABLE table_inventory DROP COLUMN absent_since
