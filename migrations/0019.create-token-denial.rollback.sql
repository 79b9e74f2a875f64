-- transactional: false
DROP TABLE IF EXISTS token_denial
