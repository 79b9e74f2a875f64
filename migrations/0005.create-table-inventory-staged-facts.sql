-- What a running refresh computed for changed tables; merged into table_inventory when it is published.
-- transactional: false
CREATE TABLE IF NOT EXISTS table_inventory_staged_facts (
  number INT UNSIGNED NOT NULL PRIMARY KEY,
  described BOOLEAN NOT NULL,
  metadata_changed DATE NULL DEFAULT NULL,
  created DATE NULL DEFAULT NULL,
  last_accessed DATE NULL DEFAULT NULL,
  last_written DATE NULL DEFAULT NULL,
  queries_30d BIGINT NOT NULL,
  first_use DATE NULL DEFAULT NULL,
  last_use DATE NULL DEFAULT NULL,
  days_of_use INT NOT NULL,
  longest_gap INT NOT NULL,
  size_bytes BIGINT NULL DEFAULT NULL,
  query_cost_30d DECIMAL(20, 6) NULL DEFAULT NULL,
  evidence VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  activity VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  in_use BOOLEAN NOT NULL,
  in_use_through_lineage BOOLEAN NOT NULL,
  zombie BOOLEAN NOT NULL,
  owner_set INT UNSIGNED NOT NULL,
  tag_set INT UNSIGNED NOT NULL,
  domain INT UNSIGNED NOT NULL,
  tier TINYINT UNSIGNED NOT NULL,
  removed BOOLEAN NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
