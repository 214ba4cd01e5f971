"""What flows through medtrace: contracts, errors, manifest and lock. No I/O."""
