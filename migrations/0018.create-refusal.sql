-- What was refused, counted by the hour; bounded by the service.
-- transactional: false
CREATE TABLE IF NOT EXISTS refusal (
  digest BINARY(16) NOT NULL PRIMARY KEY,
  who VARCHAR(256) NOT NULL,
  what VARCHAR(190) NOT NULL,
  why VARCHAR(190) NOT NULL,
  refusals BIGINT NOT NULL,
  first_at DATETIME(3) NOT NULL,
  last_at DATETIME(3) NOT NULL,
  KEY refusal_last (last_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
