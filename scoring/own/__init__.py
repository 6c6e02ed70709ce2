"""A scorer of the organizers' own: what it is given, run, and held to. See :mod:`scoring.api`."""
