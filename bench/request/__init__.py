"""What one request costs, by stage: the budget of a request."""
