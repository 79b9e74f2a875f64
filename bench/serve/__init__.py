"""Requests per second of ThirdEye against canned bytes and against a common stack, in turn."""
