-- What somebody has to do, newest changes first, and how much of it: out of the index alone.
-- transactional: false
ALTER TABLE action_items
  DROP KEY action_items_assignee,
  ADD KEY action_items_assignee (
    assignee, updated_at, id, status, assignee_kind, due_date, snoozed_until, stage
  )
