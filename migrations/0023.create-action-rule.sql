-- What detection looks for: the first rule of a category, by position, that a table matches.
-- transactional: false
CREATE TABLE IF NOT EXISTS action_rule (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
  category VARCHAR(64) NOT NULL,
  priority VARCHAR(32) NOT NULL,
  position INT NOT NULL DEFAULT 100,
  table_filter JSON NOT NULL,
  maximum_items INT NOT NULL DEFAULT 10000,
  enabled TINYINT NOT NULL DEFAULT 1,
  version INT NOT NULL DEFAULT 1,
  set_by VARCHAR(256) NOT NULL,
  set_at DATETIME(3) NOT NULL,
  KEY action_rule_position (position, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
