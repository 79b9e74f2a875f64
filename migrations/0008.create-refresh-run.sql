-- One row per refresh; its id is the generation that it publishes.
-- transactional: false
CREATE TABLE IF NOT EXISTS refresh_run (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phase VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seen BIGINT NOT NULL DEFAULT 0,
  changed BIGINT NOT NULL DEFAULT 0,
  warnings JSON NULL DEFAULT NULL,
  requested_by VARCHAR(256) NULL DEFAULT NULL,
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL DEFAULT NULL,
  error TEXT NULL DEFAULT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
