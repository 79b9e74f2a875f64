-- What the organisation risks; the newest row counts, the others are the history.
-- transactional: false
CREATE TABLE IF NOT EXISTS verdict_policy (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  policy TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  set_by VARCHAR(256) NOT NULL,
  set_at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
