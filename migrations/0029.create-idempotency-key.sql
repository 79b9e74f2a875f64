-- Answers to requests that carried an Idempotency-Key, written in the transaction of what they changed.
-- transactional: false
CREATE TABLE IF NOT EXISTS idempotency_key (
  caller VARCHAR(256) NOT NULL,
  given_key VARCHAR(255) NOT NULL,
  request BINARY(32) NOT NULL,
  answer MEDIUMBLOB NOT NULL,
  answered_at DATETIME(3) NOT NULL,
  PRIMARY KEY (caller, given_key),
  KEY idempotency_key_answered (answered_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
