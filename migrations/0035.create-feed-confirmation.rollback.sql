-- loses: SELECT COUNT(*) FROM feed_confirmation
-- transactional: false
DROP TABLE IF EXISTS feed_confirmation
