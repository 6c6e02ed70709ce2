"""Scores, their errors and their stacks: one file against its labels, or thousands at once."""
