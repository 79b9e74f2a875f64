-- The return risk that was expected of a table when its verdict was given; NULL where none was.
-- transactional: false
ALTER TABLE verdict_record ADD COLUMN expected DOUBLE NULL DEFAULT NULL
