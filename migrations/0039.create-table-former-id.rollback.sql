-- transactional: false
DROP TABLE IF EXISTS table_former_id
