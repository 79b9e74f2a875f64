-- transactional: false
DROP TABLE IF EXISTS estate_blob
