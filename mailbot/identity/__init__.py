"""Who sent a mail: the roster, the proofs that a mail brings, and registration."""
