-- What people and detection say of an item. `open_key` is there while the item is open: one open item of a category a
-- table. `decided` has a bit for each field that a person set and detection leaves alone.
-- transactional: false
ALTER TABLE action_items
  ADD COLUMN version INT NOT NULL DEFAULT 1,
  ADD COLUMN table_number INT NULL DEFAULT NULL,
  ADD COLUMN detected TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN rule_id INT NULL DEFAULT NULL,
  ADD COLUMN decided TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN resolution VARCHAR(16) NULL DEFAULT NULL,
  ADD COLUMN resolution_reason VARCHAR(1000) NULL DEFAULT NULL,
  ADD COLUMN resolved_at DATETIME(3) NULL DEFAULT NULL,
  ADD COLUMN assignee VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  ADD COLUMN due_date DATE NULL DEFAULT NULL,
  ADD COLUMN snoozed_until DATETIME(3) NULL DEFAULT NULL,
  ADD COLUMN stage VARCHAR(16) NULL DEFAULT NULL,
  ADD COLUMN stage_since DATETIME(3) NULL DEFAULT NULL,
  ADD COLUMN stage_until DATE NULL DEFAULT NULL,
  ADD COLUMN alert VARCHAR(500) NULL DEFAULT NULL,
  ADD COLUMN created_by VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  ADD COLUMN open_key VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    GENERATED ALWAYS AS (
      CASE WHEN status <> 'DONE' AND table_number IS NOT NULL AND category IS NOT NULL
      THEN CONCAT(table_number, ':', category) END
    ) STORED,
  ADD UNIQUE KEY action_items_open (open_key),
  ADD KEY action_items_table (table_number, id),
  ADD KEY action_items_assignee (assignee, id),
  ADD KEY action_items_due (due_date, id)
