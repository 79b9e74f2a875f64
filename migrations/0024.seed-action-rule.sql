-- What detection begins with; administrators change it.
-- transactional: false
INSERT IGNORE INTO action_rule (id, name, category, priority, position, table_filter, set_by, set_at) VALUES
(1, 'Dear tables that can go', 'PURGE', 'HIGH', 10, '{"verdict": ["DELETE"], "minimumSaving": "100"}', 'thirdeye', '2026-01-01'),
(2, 'Tables that can go', 'PURGE', 'MEDIUM', 20, '{"verdict": ["DELETE"]}', 'thirdeye', '2026-01-01'),
(3, 'Dear tables to archive', 'ARCHIVE', 'HIGH', 30, '{"verdict": ["ARCHIVE"], "minimumSaving": "100"}', 'thirdeye', '2026-01-01'),
(4, 'Tables to archive', 'ARCHIVE', 'MEDIUM', 40, '{"verdict": ["ARCHIVE"]}', 'thirdeye', '2026-01-01'),
(5, 'Written and not read', 'STOP_REFRESH', 'MEDIUM', 50, '{"verdict": ["STOP_REFRESH"]}', 'thirdeye', '2026-01-01'),
(6, 'Dear and little used', 'REVIEW_EXPENSIVE', 'MEDIUM', 60, '{"verdict": ["KEEP", "REVIEW"], "minimumMonthlyCost": "100", "maximumQueries": 10}', 'thirdeye', '2026-01-01'),
(7, 'Dear and nobody''s', 'ASSIGN_OWNER', 'MEDIUM', 70, '{"owned": false, "minimumMonthlyCost": "50"}', 'thirdeye', '2026-01-01'),
(8, 'Copies of other tables', 'DEDUPLICATE', 'LOW', 80, '{"duplicate": true, "minimumMonthlyCost": "1"}', 'thirdeye', '2026-01-01'),
(9, 'Large, growing and kept for ever', 'SET_RETENTION', 'LOW', 90, '{"growing": true, "retention": false, "minimumBytes": 100000000000}', 'thirdeye', '2026-01-01')
