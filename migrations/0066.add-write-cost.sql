-- The columns of the inventory have a new field; the next refresh is a full one and fills it.
-- transactional: false
DELETE FROM estate_state
