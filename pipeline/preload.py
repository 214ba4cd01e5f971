"""What every worker process of the local runner imports once, before it is forked."""

import numpy as np
import pyarrow.parquet as pq

import pipeline.work

__all__ = ["np", "pipeline", "pq"]
