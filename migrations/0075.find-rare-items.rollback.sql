-- loses: nothing
-- transactional: false
ALTER TABLE action_items DROP KEY action_items_stage, DROP KEY action_items_alert
