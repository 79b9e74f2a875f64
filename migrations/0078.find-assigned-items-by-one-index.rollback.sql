-- loses: nothing, indexes can be made again
-- transactional: false
ALTER TABLE action_items DROP KEY action_items_assignee, ADD KEY action_items_assignee (assignee, id)
