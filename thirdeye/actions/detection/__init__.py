"""Detection: which items the published estate calls for, and which it no longer does."""
