-- transactional: false
ALTER TABLE campaign DROP COLUMN owner_kind
