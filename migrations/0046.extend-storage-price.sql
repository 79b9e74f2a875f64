-- A price may be for one service (else an empty name), have a lower rate for data that was not written for so many days,
-- and come from a vendor's list, as of a day.
-- transactional: false
ALTER TABLE storage_price
  ADD COLUMN service VARCHAR(256) NOT NULL DEFAULT '' AFTER service_type,
  ADD COLUMN long_term_usd_per_gb_month DECIMAL(20, 6) NULL AFTER usd_per_gb_month,
  ADD COLUMN long_term_days INT NULL AFTER long_term_usd_per_gb_month,
  ADD COLUMN source VARCHAR(512) NULL,
  ADD COLUMN source_date DATE NULL,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (service_type, service, effective_from)
