-- One row a slot of REFRESH_MINUTES; whoever computes first writes it.
-- transactional: false
CREATE TABLE IF NOT EXISTS health_score_history (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  captured_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  score INT NOT NULL,
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  slot BIGINT NULL DEFAULT NULL,
  slot_minutes SMALLINT NULL DEFAULT NULL,
  meta JSON NULL DEFAULT NULL,
  UNIQUE KEY health_score_history_slot (slot_minutes, slot),
  KEY health_score_history_captured_at (captured_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
