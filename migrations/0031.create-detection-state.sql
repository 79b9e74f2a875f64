-- Which generation of the inventory detection has been through, and what came of it.
-- transactional: false
CREATE TABLE IF NOT EXISTS detection_state (
  id INT NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL,
  ran_at DATETIME(3) NOT NULL,
  opened INT NOT NULL,
  changed INT NOT NULL,
  measured INT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
