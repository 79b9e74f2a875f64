-- loses: SELECT COUNT(*) FROM saving_baseline
-- transactional: false
DROP TABLE IF EXISTS saving_baseline
