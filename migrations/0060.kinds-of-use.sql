-- The columns of the inventory have new fields; the next refresh is a full one and fills them.
-- transactional: false
DELETE FROM estate_state
