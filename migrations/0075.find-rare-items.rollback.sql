-- loses: nothing, items are found by reading all of them
-- transactional: false
ALTER TABLE action_items DROP KEY action_items_stage, DROP KEY action_items_alert, DROP KEY action_items_resolution
