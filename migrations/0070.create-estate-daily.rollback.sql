-- loses: SELECT COUNT(*) FROM estate_daily
-- transactional: false
DROP TABLE IF EXISTS estate_daily
