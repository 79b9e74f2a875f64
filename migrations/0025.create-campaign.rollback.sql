-- loses: SELECT COUNT(*) FROM campaign
-- transactional: false
DROP TABLE IF EXISTS campaign
