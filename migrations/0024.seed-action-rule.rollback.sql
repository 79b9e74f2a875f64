-- loses: SELECT 9 - COUNT(*) FROM action_rule WHERE id BETWEEN 1 AND 9
-- transactional: false
DELETE FROM action_rule WHERE set_by = 'thirdeye'
