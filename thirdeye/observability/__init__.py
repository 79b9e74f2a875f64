"""What can be seen of a process: metrics, logs, the line of each request."""
