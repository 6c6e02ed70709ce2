"""What the ledger knows of the mailbox on the server."""
