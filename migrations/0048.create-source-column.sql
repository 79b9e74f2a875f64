-- Which columns of OpenMetadata's have been read: what is missing of them later holds evidence that cannot be read.
-- transactional: false
CREATE TABLE IF NOT EXISTS source_column (
  table_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  column_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (table_name, column_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
