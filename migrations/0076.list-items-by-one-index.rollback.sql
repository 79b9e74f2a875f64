-- loses: nothing, indexes can be made again
-- transactional: false
ALTER TABLE action_items ADD KEY action_items_updated_at (updated_at, id), DROP KEY action_items_list
