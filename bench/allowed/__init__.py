"""Weights of fields, and the slowest requests that the limits allow."""
