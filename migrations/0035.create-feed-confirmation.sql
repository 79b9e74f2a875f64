-- What administrators said of the usage or the lineage that OpenMetadata has: that it is complete. Without a database a
-- confirmation holds for the service, without a schema for the database.
-- transactional: false
CREATE TABLE IF NOT EXISTS feed_confirmation (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fqn TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  service VARCHAR(512) NOT NULL,
  database_name VARCHAR(512) NULL,
  schema_name VARCHAR(1024) NULL,
  reason VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
  confirmed_by VARCHAR(256) NOT NULL,
  confirmed_at DATETIME(3) NOT NULL,
  withdrawn_by VARCHAR(256) NULL,
  withdrawn_at DATETIME(3) NULL,
  withdrawn_reason VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NULL,
  KEY feed_confirmation_withdrawn (withdrawn_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
