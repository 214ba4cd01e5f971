"""Auditing a corpus as the command line does: with the benchmarks' files where the manifest names them."""

from pathlib import Path

from pipeline.publish.audit import Audit
from pipeline.publish.audit import audit as prove


def audit(corpus: Path, *, strict: bool) -> Audit:
    """The audit of a corpus.

    Raises: CorpusError where the folder is no corpus.
    """
    return prove(corpus, strict=strict)
