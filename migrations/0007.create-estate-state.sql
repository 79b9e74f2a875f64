-- One row: which refresh readers see.
-- transactional: false
CREATE TABLE IF NOT EXISTS estate_state (
  id TINYINT NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  refreshed_at DATETIME(3) NOT NULL,
  as_of DATE NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
