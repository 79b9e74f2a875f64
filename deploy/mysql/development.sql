-- For the MySQL of docker-compose.dev.yml only: ThirdEye reads all of an OpenMetadata schema that is empty.
-- Column grants need the tables, and OpenMetadata makes them later. In production grant as deploy/database-users.md says.
GRANT SELECT ON openmetadata_db.* TO 'om_ro'@'%';
