-- An earlier version knows no price of a single service.
-- transactional: false
DELETE FROM storage_price WHERE service <> ''
