-- transactional: false
DROP TABLE IF EXISTS refusal
