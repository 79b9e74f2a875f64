-- loses: nothing, indexes can be made again
-- transactional: false
ALTER TABLE table_former_id DROP KEY table_former_id_number
