-- transactional: false
DROP TABLE IF EXISTS campaign_item
