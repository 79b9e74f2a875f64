-- transactional: false
CREATE TABLE IF NOT EXISTS action_items (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(255) NOT NULL,
  status ENUM('OPEN', 'IN_PROGRESS', 'DONE') NOT NULL DEFAULT 'OPEN',
  category VARCHAR(64) NULL DEFAULT NULL,
  priority VARCHAR(32) NULL DEFAULT NULL,
  estimated_savings_usd DECIMAL(20, 6) NULL DEFAULT NULL,
  meta JSON NULL DEFAULT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  KEY action_items_updated_at (updated_at, id),
  KEY action_items_created_at (created_at, id),
  KEY action_items_title (title, id),
  KEY action_items_status (status, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
