-- loses: nothing, the next refresh reads everything again
-- transactional: false
DROP TABLE IF EXISTS estate_blob
