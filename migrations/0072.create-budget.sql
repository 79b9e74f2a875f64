-- What people allow a place to cost a month, from a day on: the newest row of a day counts, the others are the history.
-- NULL ends a budget. Decided by people: never pruned.
-- transactional: false
CREATE TABLE IF NOT EXISTS budget (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  place BINARY(16) NOT NULL,
  service VARCHAR(512) NULL,
  domain VARCHAR(2048) NULL,
  effective_from DATE NOT NULL,
  monthly_usd DECIMAL(20, 6) NULL,
  set_by VARCHAR(256) NOT NULL,
  set_at DATETIME(3) NOT NULL,
  KEY budget_place (place, effective_from, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
