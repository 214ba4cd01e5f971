"""Models behind one protocol, and the ledger between them and the bill."""
