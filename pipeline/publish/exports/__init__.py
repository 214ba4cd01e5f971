"""Lean copies of a corpus, each in the form that one trainer reads, with the trainer's settings beside it."""
