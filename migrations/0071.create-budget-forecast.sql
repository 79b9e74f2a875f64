-- What each place is expected to cost, computed after the day's first refresh; the document holds months, scenarios,
-- steps and drivers. The whole estate is written last: its day says that all others are there.
-- transactional: false
CREATE TABLE IF NOT EXISTS budget_forecast (
  place BINARY(16) NOT NULL PRIMARY KEY,
  service VARCHAR(512) NULL,
  domain VARCHAR(2048) NULL,
  day DATE NOT NULL,
  computed_at DATETIME(3) NOT NULL,
  document MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
