-- What refreshes brought: tables new, gone, grown, gone quiet, woken up.
-- transactional: false
CREATE TABLE IF NOT EXISTS table_change (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  generation BIGINT NOT NULL,
  changed_at DATETIME(3) NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number INT UNSIGNED NOT NULL,
  detail JSON NULL DEFAULT NULL,
  KEY table_change_changed_at (changed_at, id),
  KEY table_change_kind (kind, changed_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
