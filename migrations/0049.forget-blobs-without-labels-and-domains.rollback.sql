-- transactional: false
DELETE FROM estate_state
