"""Images: decoding, cleaning, hashing."""
