-- Few items are in a stage, have an alert or were completed lately: they are found without reading all.
-- transactional: false
ALTER TABLE action_items
  ADD KEY action_items_stage (stage, id),
  ADD KEY action_items_alert (alert (32), id),
  ADD KEY action_items_resolution (resolution, resolved_at)
