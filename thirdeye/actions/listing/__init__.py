"""Lists of action items: which items a filter matches, a page of them, and how many there are."""
