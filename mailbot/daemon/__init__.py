"""The service on its host: its unit, its pulse, and what it tells of itself."""
