-- The former ids of a table are forgotten with it.
-- transactional: false
ALTER TABLE table_former_id ADD KEY table_former_id_number (number)
