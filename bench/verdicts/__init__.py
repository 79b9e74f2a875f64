"""How good verdicts are, on simulated estates whose future is known."""
