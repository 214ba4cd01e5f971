"""Answers: extraction and typed comparison, on text alone."""
