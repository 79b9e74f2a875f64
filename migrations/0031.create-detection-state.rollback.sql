-- loses: nothing, detection goes through the inventory again
-- transactional: false
DROP TABLE IF EXISTS detection_state
