-- transactional: false
DROP TABLE IF EXISTS detection_state
