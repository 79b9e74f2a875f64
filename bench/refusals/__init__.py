"""What it costs to say no."""
