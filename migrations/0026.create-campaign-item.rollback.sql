-- loses: SELECT COUNT(*) FROM campaign_item
-- transactional: false
DROP TABLE IF EXISTS campaign_item
