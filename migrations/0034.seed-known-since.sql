-- The first sight of each table, kept from here on. Accesses are kept from here on, too: those of before were of rules
-- that took undated usage for use, so the next refresh reads them anew.
-- transactional: false
UPDATE table_inventory AS live
JOIN (SELECT service, MIN(seen_at) AS first_at FROM table_inventory GROUP BY service) AS firsts
  ON firsts.service = live.service
SET live.known_since = DATE(live.seen_at), live.seen_later = live.seen_at > firsts.first_at, live.last_accessed = NULL
WHERE live.known_since IS NULL
