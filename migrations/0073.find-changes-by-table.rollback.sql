-- loses: nothing, indexes can be made again
-- transactional: false
ALTER TABLE table_change DROP KEY table_change_number
