"""What only some engines need: a ledger moved from one to another, and who leads on a shared one."""
