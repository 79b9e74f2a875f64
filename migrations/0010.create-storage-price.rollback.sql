-- loses: SELECT COUNT(*) FROM storage_price WHERE set_by <> 'thirdeye'
-- transactional: false
DROP TABLE IF EXISTS storage_price
