-- transactional: false
DROP TABLE IF EXISTS storage_price
