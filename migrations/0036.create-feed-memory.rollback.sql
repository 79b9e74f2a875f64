-- loses: SELECT COUNT(*) FROM feed_memory
-- transactional: false
DROP TABLE IF EXISTS feed_memory
