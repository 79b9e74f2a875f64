-- loses: SELECT COUNT(*) FROM action_rule WHERE set_by <> 'thirdeye'
-- transactional: false
DROP TABLE IF EXISTS action_rule
