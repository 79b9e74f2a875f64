"""Detection over many tables; see `docs/performance.md`."""
