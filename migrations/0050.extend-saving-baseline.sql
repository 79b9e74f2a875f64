-- Whose price a table had when an item first named it: LIST or OWN; null for rows of earlier versions.
-- transactional: false
ALTER TABLE saving_baseline ADD COLUMN price_basis VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER usd_per_gb_month
