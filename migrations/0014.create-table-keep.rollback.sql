-- transactional: false
DROP TABLE IF EXISTS table_keep
