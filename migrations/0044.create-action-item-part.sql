-- The old parts of a table series that an item names, so that it is known of them when they are absent, or gone.
-- transactional: false
CREATE TABLE IF NOT EXISTS action_item_part (
  item BIGINT NOT NULL,
  table_number INT NOT NULL,
  PRIMARY KEY (item, table_number),
  KEY action_item_part_table (table_number, item)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
