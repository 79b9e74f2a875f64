-- loses: nothing, a refresh stages it again
-- transactional: false
ALTER TABLE table_inventory_staged_facts DROP COLUMN absent_since
