"""The wire and the disk: IMAP, SMTP, OAuth, the spool, alerts."""
