"""What holds the ledger's rows to the audit trail: signatures, and the digests of rows that entries tell."""
