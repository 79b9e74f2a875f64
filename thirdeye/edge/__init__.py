"""What every request passes first: bounds on sizes, concurrency and rates, idempotency, refusals and their audit."""
