-- loses: nothing, answers are kept for a day
-- transactional: false
ALTER TABLE idempotency_key DROP KEY idempotency_key_caller, DROP COLUMN answer_bytes
