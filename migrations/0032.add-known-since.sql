-- Since when a table is known by any sign, whether it came after the first reading of its service, and why its use is
-- not known.
-- transactional: false
ALTER TABLE table_inventory
  ADD COLUMN known_since DATE NULL DEFAULT NULL,
  ADD COLUMN seen_later BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN unknown_reason VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL
