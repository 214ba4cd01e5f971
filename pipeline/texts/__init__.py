"""Texts compared: words, n-grams, overlaps with a benchmark and duplicates across sources."""
