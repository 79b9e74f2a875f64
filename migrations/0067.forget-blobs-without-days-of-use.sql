-- The columns of the inventory have the last days of use; the next refresh is a full one and fills them.
-- transactional: false
DELETE FROM estate_state
