"""How a corpus is built: steps, stages, store, runners, models, verification, publishing."""
