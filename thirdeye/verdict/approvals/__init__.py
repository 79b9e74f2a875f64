"""What people approved to be removed: for how long that holds, and what it makes of verdicts."""
