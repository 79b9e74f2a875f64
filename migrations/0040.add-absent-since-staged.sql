-- As 0038, for what a refresh stages.
-- transactional: false
ALTER TABLE table_inventory_staged_facts ADD COLUMN absent_since DATETIME(3) NULL DEFAULT NULL
