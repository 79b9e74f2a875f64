-- transactional: false
DROP TABLE IF EXISTS saving_baseline
