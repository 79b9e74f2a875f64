"""Plain HTTP beside GraphQL: action items and the dashboard as REST, exports, health, metrics, the reference."""
