-- transactional: false
ALTER TABLE saving_baseline DROP COLUMN price_basis
