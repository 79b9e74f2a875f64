-- transactional: false
CREATE TABLE IF NOT EXISTS campaign (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
  owner VARCHAR(256) NOT NULL,
  goal_usd DECIMAL(20, 6) NULL,
  due_date DATE NULL,
  item_filter JSON NULL,
  version INT NOT NULL DEFAULT 1,
  created_by VARCHAR(256) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  closed_at DATETIME(3) NULL,
  UNIQUE KEY campaign_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
