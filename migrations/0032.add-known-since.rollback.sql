-- transactional: false
ALTER TABLE table_inventory DROP COLUMN known_since, DROP COLUMN seen_later, DROP COLUMN unknown_reason
