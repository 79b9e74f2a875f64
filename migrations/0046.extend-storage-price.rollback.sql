-- transactional: false
ALTER TABLE storage_price
  DROP PRIMARY KEY,
  DROP COLUMN service, DROP COLUMN long_term_usd_per_gb_month, DROP COLUMN long_term_days, DROP COLUMN source,
  DROP COLUMN source_date,
  ADD PRIMARY KEY (service_type, effective_from)
