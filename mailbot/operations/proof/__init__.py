"""Hold what is kept to what was entered and printed of it."""
