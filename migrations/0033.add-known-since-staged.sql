-- transactional: false
ALTER TABLE table_inventory_staged_facts
  ADD COLUMN known_since DATE NULL DEFAULT NULL,
  ADD COLUMN seen_later BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN unknown_reason VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL
