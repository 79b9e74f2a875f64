# For the MySQL of docker-compose.yml, whose image sources this when it makes its data folder: OpenMetadata's schema with an
# account that owns it, and the account that reads it, which may nothing yet. Column grants need the tables, and OpenMetadata
# makes them later. The passwords are those of the secrets.

accounts_password() {
  [ -s "/run/secrets/$1" ] || { echo "accounts.sh: the secret $1 is missing or empty" >&2; return 1; }
  # As text in quotes has it; the line break at its end goes with the assignment.
  tr -d '\r' < "/run/secrets/$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g"
}

# Each on its own: the exit code of a substitution in the statements would be lost.
accounts_om_ro=$(accounts_password om_mysql_pw_ro) || exit 1
accounts_openmetadata=$(accounts_password openmetadata_mysql_pw) || exit 1

docker_process_sql --database=mysql <<SQL
CREATE DATABASE IF NOT EXISTS \`${OM_MYSQL_DB:=openmetadata_db}\` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'openmetadata_user'@'%' IDENTIFIED BY '$accounts_openmetadata';
GRANT ALL PRIVILEGES ON \`$OM_MYSQL_DB\`.* TO 'openmetadata_user'@'%';
CREATE USER IF NOT EXISTS '${OM_MYSQL_USER_RO:=om_ro}'@'%' IDENTIFIED BY '$accounts_om_ro';
SQL
