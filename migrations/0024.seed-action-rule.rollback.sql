-- transactional: false
DELETE FROM action_rule WHERE set_by = 'thirdeye'
