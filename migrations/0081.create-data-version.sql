-- Moves with every change of a family of data, in its transaction, so that answers made of them can be given again.
-- transactional: false
CREATE TABLE IF NOT EXISTS data_version (
  family VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (family)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
