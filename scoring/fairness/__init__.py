"""What guards a contest: feedback that does not leak labels, attacks to try it with, look-alike submissions."""
