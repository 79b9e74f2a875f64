-- loses: SELECT COUNT(*) FROM uncounted_use
-- transactional: false
DROP TABLE IF EXISTS uncounted_use
