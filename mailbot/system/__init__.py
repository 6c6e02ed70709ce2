"""What mailbot needs of the machine: sandbox, journal, locks, safe files, crash points."""
