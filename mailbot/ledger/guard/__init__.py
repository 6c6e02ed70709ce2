"""What the ledger keeps against abuse: the marks of mails that were carried out, and what was asked for how often."""
