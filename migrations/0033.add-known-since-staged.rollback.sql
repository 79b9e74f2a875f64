-- loses: nothing, a refresh stages it again
-- transactional: false
ALTER TABLE table_inventory_staged_facts
  DROP COLUMN known_since, DROP COLUMN seen_later, DROP COLUMN unknown_reason
