"""Which tables make the slope of the cost: what each cost once a month ago, and what that has become."""
