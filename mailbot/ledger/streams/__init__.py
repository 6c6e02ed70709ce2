"""The long tables, newest first, a page at a time."""
