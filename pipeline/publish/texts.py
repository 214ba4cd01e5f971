"""What an audit looks for in texts: the question in a prompt, secrets, paths of a machine."""

import re
from collections.abc import Sequence
from typing import Any

from pipeline.prompts import LETTERS
from pipeline.publish.corpus import CorpusShard
from pipeline.publish.findings import Findings

COLUMNS = (
    "problem",
    "response",
    "answer",
    "options_json",
    "grading_json",
    "sampling_json",
    "source_row",
    "model",
    "domain",
    "subject",
    "extracted",
    "rule",
)
# What a build writes of itself. A question or a trace may speak of /home as it likes: no build put it there.
_OWN = frozenset(("sampling_json", "source_row", "model", "rule"))
_SECRET = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(?:sk|hf|ghp|gho|github_pat|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}|AKIA[A-Z0-9]{16}|Bearer\s+[A-Za-z0-9._~+/-]{16,})"
)
MACHINE_PATH = re.compile(
    r"""(?<![^\s"'(=:\[])(?:file://|/(?:home|Users|root|tmp|mnt|scratch|private)/)[\w.~/-]+|\b[A-Za-z]:\\+(?:Users|home)\\"""
)


class Texts:
    """No text that looks like a key, and in what the build wrote no path of somebody's machine."""

    def __init__(self) -> None:
        self.findings = Findings("texts", "texts")

    def feed(self, shard: CorpusShard, row: dict[str, Any]) -> None:
        """Looks at the texts of one row."""
        for column in COLUMNS:
            if column in row:
                self.look(row[column], f"{column} of {row['id']} in {shard.name}", paths=column in _OWN)

    def look(self, text: str, where: str, *, paths: bool = True) -> None:
        """Looks at one text, for paths too where the build wrote it; what is found is not repeated in full."""
        self.findings.seen += 1
        for found in _SECRET.finditer(text):
            token = re.sub(r"^Bearer\s+", "", found.group())
            if any(sign.isdigit() for sign in token) and any(sign.isalpha() for sign in token):
                self.findings.add("looks like a key", f"{where}: {found.group()[:6]}…")
        for found in MACHINE_PATH.finditer(text) if paths else ():
            self.findings.add("path of a machine", f"{where}: {found.group()[:40]}")


def question_in(prompt: str, options: Sequence[str]) -> str:
    """The context and question that a prompt asks, without its options and what it says of the answer's form."""
    body = prompt.rpartition("\n\n")[0]
    listed = "\n".join(f"{LETTERS[place]}. {option}" for place, option in enumerate(options[: len(LETTERS)]))
    return body.removesuffix(listed).removesuffix("\n\n") if options else body
