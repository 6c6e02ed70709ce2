"""Looks at every part of an installation and names the mend."""
