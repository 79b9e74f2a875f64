"""Private servers and a sample estate: for `make run`, tests and benchmarks only."""
