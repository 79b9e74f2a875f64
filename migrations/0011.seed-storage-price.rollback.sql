-- loses: nothing, list prices come back
-- transactional: false
DELETE FROM storage_price WHERE set_by = 'thirdeye'
