-- transactional: false
DELETE FROM storage_price WHERE set_by = 'thirdeye'
