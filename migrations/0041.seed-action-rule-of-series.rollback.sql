-- loses: SELECT 1 - COUNT(*) FROM action_rule WHERE name = 'Old parts of table series'
-- transactional: false
DELETE FROM action_rule WHERE set_by = 'thirdeye' AND name = 'Old parts of table series'
