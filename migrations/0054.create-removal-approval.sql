-- Whose removal people approved, by the table's number in the inventory, and how the table stood then: an approval ends
-- with the first use, write or dependent that was not known.
-- transactional: false
CREATE TABLE IF NOT EXISTS removal_approval (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number INT NOT NULL,
  table_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
  approved_by VARCHAR(256) NOT NULL,
  approved_at DATETIME(3) NOT NULL,
  approved_until DATE NOT NULL,
  accessed DATE NULL,
  written DATE NULL,
  downstream MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  withdrawn_by VARCHAR(256) NULL,
  withdrawn_at DATETIME(3) NULL,
  ending VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ended_on DATE NULL,
  KEY removal_approval_number (number, id),
  KEY removal_approval_until (approved_until)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
