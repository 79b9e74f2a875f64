-- transactional: false
ALTER TABLE action_items DROP COLUMN assignee_kind
