"""The ZI score of the estate, 0 to 100, and its history."""
