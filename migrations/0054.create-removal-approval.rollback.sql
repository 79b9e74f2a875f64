-- loses: SELECT COUNT(*) FROM removal_approval
-- transactional: false
DROP TABLE IF EXISTS removal_approval
