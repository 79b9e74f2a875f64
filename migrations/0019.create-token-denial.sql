-- Tokens that were denied by hand, by the SHA-256 of their text: the token itself is kept nowhere.
-- transactional: false
CREATE TABLE IF NOT EXISTS token_denial (
  digest BINARY(32) NOT NULL PRIMARY KEY,
  name VARCHAR(256) NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  denied_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NULL,
  KEY token_denial_expires (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
