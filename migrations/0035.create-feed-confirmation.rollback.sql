-- transactional: false
DROP TABLE IF EXISTS feed_confirmation
