-- What each table cost on a day once a month, packed by number: what it is compared with later. Part 0 has the names of
-- services and domains.
-- transactional: false
CREATE TABLE IF NOT EXISTS table_cost (
  day DATE NOT NULL,
  part INT NOT NULL,
  data LONGBLOB NOT NULL,
  PRIMARY KEY (day, part)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
