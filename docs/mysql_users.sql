-- ThirdEye's two accounts on OpenMetadata's MySQL server, as a plain example; see deploy/database-users.md.
-- Put passwords of your own in, and the name of OM's schema if it is another one. Then, as an administrator of the server:
--
--   mysql --force --user=root --password < mysql_users.sql
--
-- A GRANT on a table or column that your version of OM does not have fails, which is all right: --force goes on to the
-- next. `thirdeye grants` prints those for exactly your version.

-- Owns ThirdEye's schema, and can do nothing else.
CREATE DATABASE IF NOT EXISTS thirdeye CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
CREATE USER IF NOT EXISTS 'thirdeye_rw'@'%' IDENTIFIED BY 'put-a-password-here-1';
GRANT ALL PRIVILEGES ON thirdeye.* TO 'thirdeye_rw'@'%';

-- Reads these columns of OM's schema, and no others: no connection settings, no token material, no samples of data.
CREATE USER IF NOT EXISTS 'om_ro'@'%' IDENTIFIED BY 'put-a-password-here-2';
GRANT SELECT (`id`, `json`, `fqnHash`, `updatedAt`, `deleted`) ON openmetadata_db.`table_entity` TO 'om_ro'@'%';
GRANT SELECT (`nameHash`, `name`, `id`, `serviceType`, `deleted`) ON openmetadata_db.`dbservice_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `fqnHash`, `json`, `deleted`) ON openmetadata_db.`database_schema_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `fqnHash`, `json`, `deleted`) ON openmetadata_db.`database_entity` TO 'om_ro'@'%';
GRANT SELECT (`fromId`, `toId`, `fromEntity`, `toEntity`, `relation`, `deleted`) ON openmetadata_db.`entity_relationship` TO 'om_ro'@'%';
GRANT SELECT (`source`, `tagFQN`, `targetFQNHash`, `state`) ON openmetadata_db.`tag_usage` TO 'om_ro'@'%';
GRANT SELECT (`id`, `entityType`, `usageDate`, `count1`) ON openmetadata_db.`entity_usage` TO 'om_ro'@'%';
GRANT SELECT (`entityFQNHash`, `extension`, `timestamp`, `json`) ON openmetadata_db.`profiler_data_time_series` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `email`, `deleted`, `isBot`) ON openmetadata_db.`user_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `deleted`) ON openmetadata_db.`team_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `json`) ON openmetadata_db.`domain_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `deleted`) ON openmetadata_db.`data_product_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `deleted`) ON openmetadata_db.`data_contract_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `fqnHash`, `json`, `updatedAt`) ON openmetadata_db.`query_entity` TO 'om_ro'@'%';
GRANT SELECT (`entityFQNHash`, `timestamp`, `json`) ON openmetadata_db.`query_cost_time_series` TO 'om_ro'@'%';
GRANT SELECT (`fqnHash`, `pipelineType`) ON openmetadata_db.`ingestion_pipeline_entity` TO 'om_ro'@'%';
GRANT SELECT (`entityFQNHash`, `extension`, `timestamp`, `json`) ON openmetadata_db.`entity_extension_time_series` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`dashboard_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`chart_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`dashboard_data_model_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`pipeline_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`ml_model_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`topic_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`storage_container_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`search_index_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`api_endpoint_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`stored_procedure_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`metric_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`directory_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`file_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`spreadsheet_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`worksheet_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`api_collection_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`ai_application_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`llm_model_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`prompt_template_entity` TO 'om_ro'@'%';
GRANT SELECT (`id`, `name`, `fqnHash`, `deleted`) ON openmetadata_db.`mcp_server_entity` TO 'om_ro'@'%';
