-- Every verdict DELETE or ARCHIVE, when it was given, what it promised, and how it ended.
-- transactional: false
CREATE TABLE IF NOT EXISTS verdict_record (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number INT NOT NULL,
  verdict VARCHAR(16) NOT NULL,
  risk SMALLINT UNSIGNED NOT NULL,
  promised DOUBLE NULL,
  given_on DATE NOT NULL,
  ended_on DATE NULL,
  ending VARCHAR(16) NULL,
  regretted_on DATE NULL,
  KEY verdict_record_number (number, id),
  KEY verdict_record_given (given_on, id),
  KEY verdict_record_ended (ended_on, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
