"""A table to checked values: ids, cells, choices, numbers, and every mistake by name. Standard library only."""
