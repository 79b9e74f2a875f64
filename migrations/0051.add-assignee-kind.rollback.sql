-- loses: SELECT COUNT(*) FROM action_items WHERE assignee_kind IS NOT NULL
-- transactional: false
ALTER TABLE action_items DROP COLUMN assignee_kind
