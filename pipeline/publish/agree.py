"""What an audit asks across configs: one question, one picture and one verifier are the same wherever rows speak of them."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from pipeline.fingerprint import canonical_json
from pipeline.groups import row_name
from pipeline.publish.corpus import CorpusShard
from pipeline.publish.findings import Findings
from pipeline.publish.withheld import Counts
from pipeline.takedown import Takedown
from schemas.manifest import Manifest

_NAME = re.compile(r"[0-9a-f]{64}\.[a-z]+")

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


class Withheld:
    """Sources whose pictures are not to be published publish none, and name each; all others publish theirs."""

    def __init__(self, manifest: Manifest, lock: Mapping[str, Any]) -> None:
        self.findings = Findings("withheld pictures", "rows")
        self._closed = {one.name for one in manifest.source if not one.publish_images} - set(lock.get("filled") or ())
        self._told: Counts = lock.get("withheld") or {}
        self._questions: dict[str, int] = {}
        self.pictures: dict[str, set[str]] = {}

    def feed(self, shard: CorpusShard, row: dict[str, Any]) -> None:
        """Looks at one row."""
        if "withheld_images" not in row:
            return
        self.findings.seen += 1
        source, names, where = row["source"], row["withheld_images"], f"{row['id']} in {shard.name}"
        if source in self._closed and row["images"]:
            self.findings.add("a picture of a source whose pictures are withheld", where)
        if names and source not in self._closed:
            self.findings.add("a picture withheld of a source that passes them on", where)
        for name in names:
            if not _NAME.fullmatch(name):
                self.findings.add("a withheld picture without a name that proves it", f"{where}: {name!r:.80}")
        if names and shard.config == "rl":
            self._questions[source] = self._questions.get(source, 0) + 1
            self.pictures.setdefault(source, set()).update(names)

    def close(self) -> None:
        """Holds what was counted against the lock; to be called where every shard was read."""
        counted = {one: {"questions": count, "images": len(self.pictures[one])} for one, count in sorted(self._questions.items())}
        if counted != self._told:
            self.findings.add("lock counts other withheld pictures", f"{self._told}, there are {counted}")
