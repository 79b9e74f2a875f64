-- loses: SELECT COUNT(*) FROM table_inventory WHERE known_since IS NOT NULL OR seen_later OR unknown_reason IS NOT NULL
-- transactional: false
ALTER TABLE table_inventory DROP COLUMN known_since, DROP COLUMN seen_later, DROP COLUMN unknown_reason
