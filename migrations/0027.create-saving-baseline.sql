-- What a table cost when an item first named it: one row a table, so that no saving counts twice.
-- transactional: false
CREATE TABLE IF NOT EXISTS saving_baseline (
  table_number INT NOT NULL PRIMARY KEY,
  size_bytes BIGINT NULL,
  usd_per_gb_month DECIMAL(20, 6) NOT NULL,
  storage_usd DECIMAL(20, 6) NULL,
  query_usd DECIMAL(20, 6) NULL,
  service VARCHAR(512) NOT NULL,
  owners VARCHAR(1024) NULL,
  last_written DATE NULL,
  taken_at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
