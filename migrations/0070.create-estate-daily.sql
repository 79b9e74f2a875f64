-- What the estate held and cost, a day and place: the whole estate (no service, no domain), a service, a domain with those
-- that lie in it, and a domain within a service. NULL where nothing is known, never 0. Amounts are USD a month with so many
-- decimals that those of the services add up to the total.
-- transactional: false
CREATE TABLE IF NOT EXISTS estate_daily (
  day DATE NOT NULL,
  place BINARY(16) NOT NULL,
  service VARCHAR(512) NULL,
  domain VARCHAR(2048) NULL,
  reconstructed TINYINT NOT NULL DEFAULT 0,
  generation BIGINT NOT NULL DEFAULT 0,
  refreshed_at DATETIME(3) NOT NULL,
  tables_count INT NULL,
  sized_tables INT NOT NULL,
  bytes DECIMAL(30, 0) NULL,
  storage_usd DECIMAL(30, 12) NULL,
  query_usd DECIMAL(30, 12) NULL,
  in_use_tables INT NULL,
  in_use_usd DECIMAL(30, 12) NULL,
  idle_tables INT NULL,
  idle_usd DECIMAL(30, 12) NULL,
  keep_usd DECIMAL(30, 12) NULL,
  review_usd DECIMAL(30, 12) NULL,
  stop_refresh_usd DECIMAL(30, 12) NULL,
  archive_usd DECIMAL(30, 12) NULL,
  delete_usd DECIMAL(30, 12) NULL,
  blocked_usd DECIMAL(30, 12) NULL,
  potential_usd DECIMAL(30, 12) NULL,
  realized_usd DECIMAL(30, 12) NULL,
  score TINYINT UNSIGNED NULL,
  PRIMARY KEY (day, place),
  KEY estate_daily_place (place, day)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
