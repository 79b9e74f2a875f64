-- The columns of the inventory have a new field; the next refresh fills it. Until then the estate counts as not read yet.
-- transactional: false
DELETE FROM estate_state
