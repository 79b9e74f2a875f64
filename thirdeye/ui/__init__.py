"""The page for people: `ui/` in the repository is its source, `static/` here its bundle."""
