"""What people allow the estate, a service or a domain to cost a month."""
