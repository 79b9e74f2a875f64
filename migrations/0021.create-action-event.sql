-- What happened to items, in the transaction of the change itself; never changed, and kept when an item is deleted.
-- transactional: false
CREATE TABLE IF NOT EXISTS action_event (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  item BIGINT NOT NULL,
  happened_at DATETIME(3) NOT NULL,
  actor VARCHAR(256) NOT NULL,
  by_bot TINYINT NOT NULL DEFAULT 0,
  kind VARCHAR(16) NOT NULL,
  state_before JSON NULL,
  state_after JSON NULL,
  KEY action_event_item (item, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
