"""The doctor: checks every part of an installation and says how to fix it."""
