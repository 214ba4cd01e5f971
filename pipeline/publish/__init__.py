"""The corpus that people receive: shards, card, lock, audit, diff."""
