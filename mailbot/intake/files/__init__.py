"""The result files of a mail: judged by the labels of their phase, and entered in the ledger."""
