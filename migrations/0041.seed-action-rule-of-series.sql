-- Old parts of table series. Administrators may have rules of any number by now, so it takes the next one.
-- transactional: false
INSERT INTO action_rule (name, category, priority, position, table_filter, set_by, set_at)
SELECT 'Old parts of table series', 'SET_RETENTION', 'MEDIUM', 85, '{"oldParts": true}', 'thirdeye', '2026-01-01'
FROM (SELECT 1 AS one) AS row_of_one
WHERE NOT EXISTS (SELECT 1 FROM action_rule AS present WHERE present.name = 'Old parts of table series')
