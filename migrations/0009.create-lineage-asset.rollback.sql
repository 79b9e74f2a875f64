-- loses: nothing, the next refresh reads everything again
-- transactional: false
DROP TABLE IF EXISTS lineage_asset
