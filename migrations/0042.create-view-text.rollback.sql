-- loses: nothing, texts are read again
-- transactional: false
DROP TABLE IF EXISTS view_text
