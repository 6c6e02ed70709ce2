"""Real servers for the tests: Dovecot, exim4, an SMTP sink and Chromium: all on loopback, for root or a plain user."""
