-- Public list prices of storage with their sources, USD per GB (10^9 bytes) and month in the vendor's first region in the
-- US, and the day on which each was compared with its source. BigQuery's are listed per GiB: 0.02 and 0.01. What
-- administrators set stays.
-- transactional: false
INSERT INTO storage_price
  (service_type, effective_from, usd_per_gb_month, long_term_usd_per_gb_month, long_term_days, source, source_date,
   set_by, set_at)
VALUES
  ('*', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Snowflake', '2000-01-01', 0.023, NULL, NULL, 'https://www.snowflake.com/legal-files/CreditConsumptionTable.pdf', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('BigQuery', '2000-01-01', 0.018626, 0.009313, 90, 'https://cloud.google.com/bigquery/pricing', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Redshift', '2000-01-01', 0.024, NULL, NULL, 'https://aws.amazon.com/redshift/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Databricks', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Athena', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Glue', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Trino', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Presto', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Hive', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('DeltaLake', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Iceberg', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('UnityCatalog', '2000-01-01', 0.023, NULL, NULL, 'https://aws.amazon.com/s3/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Synapse', '2000-01-01', 0.023, NULL, NULL, 'https://azure.microsoft.com/pricing/details/synapse-analytics/', '2026-01-01', 'thirdeye', '2000-01-01 00:00:00'),
  ('AzureSQL', '2000-01-01', 0.115, NULL, NULL, 'https://azure.microsoft.com/pricing/details/azure-sql-database/single/', '2026-01-01', 'thirdeye', '2000-01-01 00:00:00'),
  ('Postgres', '2000-01-01', 0.115, NULL, NULL, 'https://aws.amazon.com/rds/postgresql/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Mysql', '2000-01-01', 0.115, NULL, NULL, 'https://aws.amazon.com/rds/mysql/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('MariaDB', '2000-01-01', 0.115, NULL, NULL, 'https://aws.amazon.com/rds/mariadb/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Mssql', '2000-01-01', 0.115, NULL, NULL, 'https://aws.amazon.com/rds/sqlserver/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Oracle', '2000-01-01', 0.115, NULL, NULL, 'https://aws.amazon.com/rds/oracle/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('Db2', '2000-01-01', 0.115, NULL, NULL, 'https://aws.amazon.com/rds/db2/pricing/', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00'),
  ('SingleStore', '2000-01-01', 0.115, NULL, NULL, 'https://www.singlestore.com/pricing/', '2026-01-01', 'thirdeye', '2000-01-01 00:00:00'),
  ('DynamoDB', '2000-01-01', 0.25, NULL, NULL, 'https://aws.amazon.com/dynamodb/pricing/', '2026-01-01', 'thirdeye', '2000-01-01 00:00:00'),
  ('MongoDB', '2000-01-01', 0.25, NULL, NULL, 'https://www.mongodb.com/pricing', '2026-01-01', 'thirdeye', '2000-01-01 00:00:00'),
  ('Cassandra', '2000-01-01', 0.25, NULL, NULL, 'https://aws.amazon.com/keyspaces/pricing/', '2026-01-01', 'thirdeye', '2000-01-01 00:00:00'),
  ('Clickhouse', '2000-01-01', 0.0253, NULL, NULL, 'https://clickhouse.com/pricing', '2026-11-27', 'thirdeye', '2000-01-01 00:00:00')
ON DUPLICATE KEY UPDATE
  usd_per_gb_month = IF(set_by = 'thirdeye', VALUES(usd_per_gb_month), usd_per_gb_month),
  long_term_usd_per_gb_month = IF(set_by = 'thirdeye', VALUES(long_term_usd_per_gb_month), long_term_usd_per_gb_month),
  long_term_days = IF(set_by = 'thirdeye', VALUES(long_term_days), long_term_days),
  source = IF(set_by = 'thirdeye', VALUES(source), source),
  source_date = IF(set_by = 'thirdeye', VALUES(source_date), source_date)
