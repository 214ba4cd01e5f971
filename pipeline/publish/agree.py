"""What an audit asks across configs: one question, one picture and one verifier are the same wherever rows speak of them."""

import hashlib
from typing import Any

from pipeline.fingerprint import canonical_json
from pipeline.groups import row_name
from pipeline.publish.corpus import CorpusShard
from pipeline.publish.findings import Findings
from pipeline.takedown import Takedown

TOLD = (
    "source",
    "source_split",
    "source_row",
    "source_group",
    "license",
    "modality",
    "domain",
    "answer",
    "answer_type",
    "options_json",
    "grading_json",
    "image_digests",
)


class Agree:
    """Rows of one question say the same of it in every config, an upstream image is one published file, and all name the lock's verifier."""

    def __init__(self, verifier: str) -> None:
        self.findings = Findings("agreement", "rows")
        self._verifier = verifier
        self._told: dict[str, tuple[bytes, str]] = {}
        self._files: dict[str, str] = {}

    def feed(self, shard: CorpusShard, row: dict[str, Any]) -> None:
        """Looks at one row."""
        self.findings.seen += 1
        where = f"{row['id']} in {shard.name}"
        said = canonical_json([row.get(name, []) for name in TOLD])
        digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
        held, first = self._told.setdefault(row["question_id"], (digest, where))
        if held != digest:
            self.findings.add("a question is told in two ways", f"{where}, and {first}")
        for upstream, image in zip(row.get("image_digests", ()), row.get("images", ()), strict=False):
            if self._files.setdefault(upstream, image["path"]) != image["path"]:
                self.findings.add("an upstream image is published as two files", f"{where}: {image['path']} and {self._files[upstream]}")
        if row.get("verifier", self._verifier) != self._verifier:
            self.findings.add("judged by another verifier than the lock names", f"{where}: {row['verifier']}")


class TakenDown:
    """No row that the corpus's own list says was taken down."""

    def __init__(self, takedown: Takedown) -> None:
        self.findings = Findings("takedown", "rows")
        self._names = {source: frozenset(names) for source, names in takedown.sources.items()}

    def feed(self, shard: CorpusShard, row: dict[str, Any]) -> None:
        """Looks at one row."""
        self.findings.seen += 1
        names = self._names.get(row["source"], frozenset())
        if names and not names.isdisjoint({row_name(row["source"], row["source_row"]), row["source_group"], row["question_id"]}):
            self.findings.add("a row that was taken down", f"{row['id']} in {shard.name}")
