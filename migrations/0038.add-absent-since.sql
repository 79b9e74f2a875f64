-- Since when OpenMetadata no longer has a table: it counts as gone only after some days.
-- transactional: false
ALTER TABLE table_inventory ADD COLUMN absent_since DATETIME(3) NULL DEFAULT NULL
