-- transactional: false
ALTER TABLE table_inventory DROP COLUMN absent_since
