"""A mail's way from claimed to recorded, and what it is answered."""
