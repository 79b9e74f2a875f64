-- transactional: false
DELETE FROM estate_blob WHERE name LIKE 'view-word/%'
