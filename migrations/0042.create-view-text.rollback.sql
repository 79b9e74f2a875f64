-- transactional: false
DROP TABLE IF EXISTS view_text
