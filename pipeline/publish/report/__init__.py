"""The report of a corpus: one page that shows what it holds, works offline and runs no script but its own."""

# Raised when the same corpus comes to give another page.
VERSION = 4
