-- transactional: false
DROP TABLE IF EXISTS table_inventory
