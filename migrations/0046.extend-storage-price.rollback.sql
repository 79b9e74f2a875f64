-- loses: SELECT COUNT(*) FROM storage_price WHERE set_by <> 'thirdeye' AND (service <> '' OR long_term_usd_per_gb_month IS NOT NULL OR long_term_days IS NOT NULL OR source IS NOT NULL OR source_date IS NOT NULL)
-- transactional: false
ALTER TABLE storage_price
  DROP PRIMARY KEY,
  DROP COLUMN service, DROP COLUMN long_term_usd_per_gb_month, DROP COLUMN long_term_days, DROP COLUMN source,
  DROP COLUMN source_date,
  ADD PRIMARY KEY (service_type, effective_from)
