"""The only package that speaks IMAP: a typed adapter over imapclient, whose errors end here."""
