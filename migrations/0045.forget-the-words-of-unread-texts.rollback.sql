-- loses: nothing, texts are read again
-- transactional: false
DELETE FROM estate_blob WHERE name LIKE 'view-words/%'
