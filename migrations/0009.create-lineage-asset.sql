-- Assets other than tables; their numbers begin at 2147483648, where those of tables end.
-- transactional: false
CREATE TABLE IF NOT EXISTS lineage_asset (
  number INT UNSIGNED NOT NULL PRIMARY KEY,
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  UNIQUE KEY lineage_asset_id (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
