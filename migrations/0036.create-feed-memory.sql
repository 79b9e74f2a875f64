-- The earliest access time that a table of a database ever had: OpenMetadata only has the newest.
-- transactional: false
CREATE TABLE IF NOT EXISTS feed_memory (
  database_key BINARY(16) NOT NULL PRIMARY KEY,
  service VARCHAR(512) NOT NULL,
  database_name VARCHAR(512) NULL,
  first_access DATE NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
