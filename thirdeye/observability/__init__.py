"""What a process shows of itself: metrics, logs, a line for every request."""
