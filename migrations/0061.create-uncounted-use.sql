-- What administrators say does not count as use; the newest row counts, the others are the history.
-- transactional: false
CREATE TABLE IF NOT EXISTS uncounted_use (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  document MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  set_by VARCHAR(256) NOT NULL,
  set_at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
