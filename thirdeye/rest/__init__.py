"""The few plain HTTP routes beside GraphQL: health, metrics, dashboard."""
