-- What was measured: by how much the realized saving of a table rose, or fell when the table came back.
-- transactional: false
CREATE TABLE IF NOT EXISTS saving_entry (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  table_number INT NOT NULL,
  found_at DATETIME(3) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  baseline_usd DECIMAL(20, 6) NOT NULL,
  cost_usd DECIMAL(20, 6) NOT NULL,
  realized_usd DECIMAL(20, 6) NOT NULL,
  KEY saving_entry_table (table_number, id),
  KEY saving_entry_found (found_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
