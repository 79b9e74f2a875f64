-- loses: SELECT COUNT(*) FROM action_items WHERE version > 1 OR detected OR decided OR table_number IS NOT NULL OR rule_id IS NOT NULL OR resolution IS NOT NULL OR resolution_reason IS NOT NULL OR resolved_at IS NOT NULL OR assignee IS NOT NULL OR due_date IS NOT NULL OR snoozed_until IS NOT NULL OR stage IS NOT NULL OR stage_since IS NOT NULL OR stage_until IS NOT NULL OR alert IS NOT NULL OR created_by IS NOT NULL
-- transactional: false
ALTER TABLE action_items
  DROP KEY action_items_open, DROP KEY action_items_table, DROP KEY action_items_assignee, DROP KEY action_items_due,
  DROP COLUMN open_key,
  DROP COLUMN version, DROP COLUMN table_number, DROP COLUMN detected, DROP COLUMN rule_id, DROP COLUMN decided,
  DROP COLUMN resolution, DROP COLUMN resolution_reason, DROP COLUMN resolved_at, DROP COLUMN assignee,
  DROP COLUMN due_date, DROP COLUMN snoozed_until, DROP COLUMN stage, DROP COLUMN stage_since, DROP COLUMN stage_until,
  DROP COLUMN alert, DROP COLUMN created_by
