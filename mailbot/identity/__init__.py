"""Who sent a mail: what it brings to show it, and what of that counts."""
