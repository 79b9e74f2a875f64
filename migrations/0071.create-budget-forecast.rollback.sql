-- loses: nothing, the worker computes it again
-- transactional: false
DROP TABLE IF EXISTS budget_forecast
