"""The report of a corpus: one page that shows what it holds, works offline and runs no script but its own."""
