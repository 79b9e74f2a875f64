-- What the text of a view names, kept by the hash of the text so that each is read once.
-- transactional: false
CREATE TABLE IF NOT EXISTS view_text (
  hash CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dialect VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  paths MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  reader VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  read_at DATETIME(3) NOT NULL,
  PRIMARY KEY (hash, dialect)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
