-- The ids that a table had before its service was deleted in OpenMetadata and ingested anew.
-- transactional: false
CREATE TABLE IF NOT EXISTS table_former_id (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  number INT UNSIGNED NOT NULL,
  replaced_at DATETIME(3) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
