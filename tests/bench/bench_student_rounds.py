"""Adaptive rounds against a fixed sixteen on the same rollouts, replayed from a ledger: rollouts for each trace that is kept.

python -m tests.bench.bench_student_rounds [questions]
python -m tests.bench.bench_student_rounds MANIFEST STORE

Without a manifest a server on loopback stands for the model: of each question it is right with a probability of its own, drawn
from a mixture of hard, open and easy ones. With one, its `[student] samples = 16` and the store that holds these rollouts are
replayed. Every policy is a build in which the ledger answers and nobody is asked.
"""

import hashlib
import json
import os
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from jobs import inputs
from jobs.build import Options, prepare, run
from jobs.locked import recorded
from pipeline.graph import Execution
from pipeline.store import Store
from schemas.corpus import Rl, Sft
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import Project, questions

URL = "MEDTRACE_STUDENT_BASE_URL"
MIXTURE = ((0.3, 0.3, 4.0), (0.3, 2.0, 2.0), (0.4, 6.0, 0.8))
FIXED = "samples = 16"
POLICIES = (
    FIXED,
    "rounds = [4, 4, 8]\nuntil_correct = 1",
    "rounds = [4, 4, 8]\nuntil_correct = 2",
    "rounds = [4, 4, 8]\nuntil_correct = 4",
    "rounds = [4, 4, 8]\nuntil_correct = 4\ncaps = [{ pass_rate = [0.0, 0.0], samples = 8 }]",
)
STUDENT = '[student]\nmodel = "pupil"\nmax_tokens = 64\nsamples = 16\n'
MOST = 4


class Told(NamedTuple):
    """What one policy took and gave."""

    policy: str
    rollouts: int
    kept: int
    solved: int
    questions: int
    mean_rate: float
    seconds: float


def pupil(prompt: str, seed: int) -> str:
    """Right with the question's own probability."""
    number = int(prompt.split("case ")[1].split(":")[0])
    dice = random.Random(number)
    _, a, b = dice.choices(MIXTURE, [share for share, _, _ in MIXTURE])[0]
    rate = dice.betavariate(a, b)
    drawn = int.from_bytes(hashlib.sha256(f"{number}\0{seed}".encode()).digest()[:8], "big") / 2**64
    return boxed_letter(prompt, seed).partition("\\boxed")[0] + f"\\boxed{{{'ABCD'[(number + (drawn >= rate)) % 4]}}}"


def replayed(manifest: Path, text: str, policy: str, store: Path) -> Told:
    """One policy on the rollouts of the ledger, at most four traces of a question kept; raises where the ledger lacks one."""
    path = manifest.with_name("replayed.toml")
    rule = re.sub(r"^\[select\]\n(.*\n)*?(?=\[|\Z)", "", text.replace(FIXED, policy), flags=re.M)
    path.write_text(f"{rule}\n[select]\nmax_per_question = {MOST}\n")
    options = Options(store, store.parent / "nowhere", workers=0)
    began = time.process_time()
    graph, _, _ = prepare(inputs.open_manifest(path), options)
    execution = run(recorded(graph), options)
    if execution.errors:
        raise execution.errors[0]
    asked = [row for row in rows(store, execution, "rl-train", Rl) if row["n_sampled"]]
    kept = [row["question_id"] for row in rows(store, execution, "sft-train", Sft) if row["teacher"]]
    rollouts, mean = sum(row["n_sampled"] for row in asked), sum(row["pass_rate"] for row in asked) / max(len(asked), 1)
    return Told(policy.replace("\n", ", "), rollouts, len(kept), len(set(kept)), len(asked), mean, time.process_time() - began)


def rows(store: Path, execution: Execution, output: str, contract: type[Rl] | type[Sft]) -> list[dict[str, Any]]:
    columns = (contract.question_id, contract.teacher, contract.n_sampled, contract.pass_rate)
    return [row for ref in execution.refs("publish", output) if ref.rows for row in Store(store).read(ref, columns).to_pylist()]


def compare(manifest: Path, store: Path) -> list[Told]:
    """All policies, with nobody to ask."""
    text = manifest.read_text()
    if FIXED not in text:
        raise SystemExit(f"{manifest} does not say {FIXED}, whose rollouts are to be replayed.")
    return [replayed(manifest, text, policy, store) for policy in POLICIES]


def main(arguments: list[str]) -> None:
    """Prints one line a policy."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if len(arguments) == 2:
            found = compare(Path(arguments[0]).absolute(), Path(arguments[1]).absolute())
        else:
            project = Project(folder)
            project.write({"quiz": questions(int(arguments[0]) if arguments else 400)}, teachers=STUDENT)
            with FakeTeacher(pupil, model="pupil") as server:
                os.environ[URL] = server.url
                if project.build().errors:
                    raise SystemExit("the rollouts could not be sampled")
                asked = server.asked
            found = compare(project.manifest, project.store)
            print(f"{asked:,} rollouts sampled once; everything below is replayed without a server")
    for one in found:
        told = {name: value for name, value in one._asdict().items() if name not in ("policy", "seconds")}
        per_trace = one.rollouts / max(one.kept, 1)
        said = f"{one.rollouts / max(one.questions, 1):.2f} rollouts a question, {per_trace:.2f} a kept trace, solved {one.solved / max(one.questions, 1):.1%}"
        print(f"{one.policy}: {said}, mean pass rate {one.mean_rate:.4f}, CPU {one.seconds:.1f} s {json.dumps(told)}")


if __name__ == "__main__":
    main(sys.argv[1:])
