-- USD per GB and month, by service type (* for all without one) and the day it holds from.
-- transactional: false
CREATE TABLE IF NOT EXISTS storage_price (
  service_type VARCHAR(128) NOT NULL,
  effective_from DATE NOT NULL,
  usd_per_gb_month DECIMAL(20, 6) NOT NULL,
  set_by VARCHAR(256) NOT NULL DEFAULT 'thirdeye',
  set_at DATETIME(3) NOT NULL,
  PRIMARY KEY (service_type, effective_from)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
