-- loses: nothing, answers are kept for a day
-- transactional: false
DROP TABLE IF EXISTS idempotency_key
