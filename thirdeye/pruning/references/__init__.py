"""What refers to tables by their numbers."""
