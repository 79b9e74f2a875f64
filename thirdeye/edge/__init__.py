"""What stands before every request: headers, bounds on how many and how often, refusals and their audit, the socket."""
