-- transactional: false
DROP TABLE IF EXISTS refresh_run
