-- loses: SELECT COUNT(*) FROM source_column
-- transactional: false
DROP TABLE IF EXISTS source_column
