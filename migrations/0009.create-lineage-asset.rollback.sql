-- transactional: false
DROP TABLE IF EXISTS lineage_asset
