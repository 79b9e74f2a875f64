-- loses: SELECT COUNT(*) FROM saving_entry
-- transactional: false
DROP TABLE IF EXISTS saving_entry
