-- loses: SELECT COUNT(*) FROM saving_baseline WHERE price_basis IS NOT NULL
-- transactional: false
ALTER TABLE saving_baseline DROP COLUMN price_basis
