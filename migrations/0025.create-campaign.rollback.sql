-- transactional: false
DROP TABLE IF EXISTS campaign
