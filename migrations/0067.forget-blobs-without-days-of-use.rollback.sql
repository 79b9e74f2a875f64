-- loses: nothing, the next refresh reads everything again
-- transactional: false
DELETE FROM estate_state
