"""How large ThirdEye's schema grows in a year of refreshes."""
