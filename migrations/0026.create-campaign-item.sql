-- transactional: false
CREATE TABLE IF NOT EXISTS campaign_item (
  campaign INT NOT NULL,
  item BIGINT NOT NULL,
  PRIMARY KEY (campaign, item),
  KEY campaign_item_item (item, campaign)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
