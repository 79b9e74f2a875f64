-- How large an answer is, so that what a caller keeps is bounded without reading answers.
-- transactional: false
ALTER TABLE idempotency_key
  ADD COLUMN answer_bytes INT GENERATED ALWAYS AS (LENGTH(answer)) STORED,
  ADD KEY idempotency_key_caller (caller, answered_at, answer_bytes)
