-- Before the number of a table is given again, what changed of that table must be gone.
-- transactional: false
ALTER TABLE table_change ADD KEY table_change_number (number)
