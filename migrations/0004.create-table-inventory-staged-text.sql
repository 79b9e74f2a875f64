-- What a running refresh read of changed tables; merged into table_inventory when it is published.
-- transactional: false
CREATE TABLE IF NOT EXISTS table_inventory_staged_text (
  number INT UNSIGNED NOT NULL PRIMARY KEY,
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fqn TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  fqn_key BINARY(16) NOT NULL,
  name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  display_name VARCHAR(512) NULL DEFAULT NULL,
  service VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  database_name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  schema_name VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  table_type VARCHAR(64) NULL DEFAULT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
