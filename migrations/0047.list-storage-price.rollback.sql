-- loses: SELECT COUNT(*) FROM storage_price WHERE service <> ''
-- An earlier version knows no price of a single service.
-- transactional: false
DELETE FROM storage_price WHERE service <> ''
