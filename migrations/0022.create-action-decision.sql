-- What people decided of a finding last, so that nobody is asked again for the same reason.
-- transactional: false
CREATE TABLE IF NOT EXISTS action_decision (
  table_number INT NOT NULL,
  category VARCHAR(64) NOT NULL,
  decision VARCHAR(16) NOT NULL,
  monthly_cost_usd DECIMAL(20, 6) NULL,
  decided_at DATETIME(3) NOT NULL,
  PRIMARY KEY (table_number, category)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
