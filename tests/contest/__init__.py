"""Tests of keeping the service well: rebuild, backup, what was set aside, limits, alarms."""
