-- loses: SELECT COUNT(*) FROM campaign WHERE owner_kind IS NOT NULL
-- transactional: false
ALTER TABLE campaign DROP COLUMN owner_kind
