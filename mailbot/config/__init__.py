"""The config file: its sections, what they mean, and where it is read."""
