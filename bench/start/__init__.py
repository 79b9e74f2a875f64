"""How soon a process of the API answers after its start, what that costs, and how much memory it has when it is idle."""
