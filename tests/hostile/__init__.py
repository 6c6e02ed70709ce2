"""Attacks: what anybody on the internet may mail, against the real pipeline."""
