-- The columns of the inventory have new fields; the next refresh fills them. Until then the estate counts as not read yet.
-- transactional: false
DELETE FROM estate_state
