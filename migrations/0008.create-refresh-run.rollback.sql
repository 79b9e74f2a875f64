-- loses: SELECT COUNT(*) FROM refresh_run
-- transactional: false
DROP TABLE IF EXISTS refresh_run
