"""Training on published corpora: order, templates, trainers. Alone here stand `import torch`, `trl` and `peft`."""
