-- loses: SELECT COUNT(*) FROM table_inventory WHERE known_since IS NOT NULL OR seen_later OR last_accessed IS NOT NULL
-- transactional: false
UPDATE table_inventory SET known_since = NULL, seen_later = FALSE
