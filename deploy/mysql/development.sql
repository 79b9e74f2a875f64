-- For the MySQL of docker-compose.dev.yml only: an empty OpenMetadata schema and an account that reads it.
-- The password is no secret. In production make the account as deploy/database-users.md says.
CREATE DATABASE IF NOT EXISTS openmetadata_db CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'om_ro'@'%' IDENTIFIED BY 'development';
-- Column grants need the tables, and OpenMetadata makes them later.
GRANT SELECT ON openmetadata_db.* TO 'om_ro'@'%';
