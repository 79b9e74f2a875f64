"""How far forecasts miss, and how often what came lies in their intervals."""
