-- Columns and summaries of the estate, packed; those of a generation above estate_state's are being written.
-- transactional: false
CREATE TABLE IF NOT EXISTS estate_blob (
  name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  generation BIGINT NOT NULL,
  data LONGBLOB NOT NULL,
  PRIMARY KEY (name, generation)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
