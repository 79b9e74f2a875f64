-- transactional: false
DROP TABLE IF EXISTS source_column
