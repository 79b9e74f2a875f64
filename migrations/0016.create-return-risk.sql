-- What the past says, as of the last refresh of each day: states and returns by class, JSON.
-- transactional: false
CREATE TABLE IF NOT EXISTS return_risk (
  as_of DATE NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  counts MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
