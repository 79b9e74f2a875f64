-- loses: SELECT COUNT(*) FROM token_denial
-- transactional: false
DROP TABLE IF EXISTS token_denial
