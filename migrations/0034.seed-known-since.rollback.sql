-- transactional: false
UPDATE table_inventory SET known_since = NULL, seen_later = FALSE
