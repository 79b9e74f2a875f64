-- What open items promise, table after table, out of the index alone.
-- transactional: false
ALTER TABLE action_items
  DROP KEY action_items_table,
  ADD KEY action_items_table (table_number, status, estimated_savings_usd, id)
