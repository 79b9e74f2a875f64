-- transactional: false
DROP TABLE IF EXISTS table_inventory_staged_text
