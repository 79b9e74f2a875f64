-- loses: nothing, answers are worked out anew
-- transactional: false
DROP TABLE IF EXISTS data_version
