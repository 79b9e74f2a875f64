-- What people said must stay, by the table's number in the inventory.
-- transactional: false
CREATE TABLE IF NOT EXISTS table_keep (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number INT NOT NULL,
  reason VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
  kept_by VARCHAR(256) NOT NULL,
  kept_at DATETIME(3) NOT NULL,
  kept_until DATE NOT NULL,
  released_by VARCHAR(256) NULL,
  released_at DATETIME(3) NULL,
  KEY table_keep_number (number, id),
  KEY table_keep_until (kept_until)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
