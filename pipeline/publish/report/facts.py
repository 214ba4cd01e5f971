"""What a report tells besides the lock: distributions over questions and traces, counted from the shards."""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.publish.corpus import Corpus
from schemas.corpus import Rl, SftText

KEPT, REJECTED = "kept", "rejected"
INNER_BINS = 10


@dataclass
class Facts:
    """Counts over a corpus.

    `pass_rates`: questions at 0, in tenths between, and at 1. `pass_at`: for 1, 2, 4, … samples the questions that tell it, and the sum.
    `lengths`: traces by fate and bit length of their completion tokens.
    `verdicts`: traces by teacher and verdict. `traces`: by source and fate. `modalities`: questions by source and modality. Of questions: `asked`, `right` once or more, `kept`.
    """

    pass_rates: list[int] = field(default_factory=lambda: [0] * (INNER_BINS + 2))
    pass_at: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    lengths: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    traces: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    modalities: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    unmeasured: int = 0
    questions: int = 0
    asked: int = 0
    right: int = 0
    kept: int = 0


def count_facts(corpus: Corpus) -> Facts:
    """The facts of a corpus; a trace in `sft` and `sft_text` counts once.

    Raises: CorpusError where a shard cannot be read.
    """
    facts = Facts()
    _count_questions(corpus, facts)
    seen: set[str] = set()
    answered: set[str] = set()
    columns = (SftText.id, SftText.question_id, SftText.source, SftText.teacher, SftText.verdict, SftText.completion_tokens)
    for config in ("sft", "sft_text", "rejected"):
        fate = REJECTED if config == "rejected" else KEPT
        for _, table in corpus.read(config, columns):
            for id, question, source, teacher, verdict, tokens in zip(*(table[name].to_pylist() for name in columns), strict=True):
                if fate == KEPT and id in seen:
                    continue
                if fate == KEPT:
                    seen.add(id)
                    answered.add(question)
                facts.verdicts[teacher, verdict] += 1
                facts.traces[source, fate] += 1
                if tokens > 0:
                    facts.lengths[fate, tokens.bit_length()] += 1
                else:
                    facts.unmeasured += 1
    facts.kept = len(answered)
    return facts


def _count_questions(corpus: Corpus, facts: Facts) -> None:
    columns = (Rl.source, Rl.modality, Rl.n_sampled, Rl.n_correct, Rl.pass_rate, Rl.pass_at)
    for _, table in corpus.read("rl", columns):
        for source, modality, sampled, correct, rate, within in zip(*(table[name].to_pylist() for name in columns), strict=True):
            facts.questions += 1
            facts.modalities[source, modality] += 1
            facts.asked += sampled > 0
            facts.right += sampled > 0 and correct > 0
            if rate is not None:
                facts.pass_rates[bin_of(rate)] += 1
            for place, chance in enumerate(within):
                if place == len(facts.pass_at):
                    facts.pass_at.append((0, 0.0))
                told, total = facts.pass_at[place]
                facts.pass_at[place] = (told + 1, total + chance)


def bin_of(rate: float) -> int:
    """Which bar of the pass rates a rate is in: the first is 0, the last 1, the others tenths."""
    if rate <= 0:
        return 0
    return INNER_BINS + 1 if rate >= 1 else 1 + min(int(rate * INNER_BINS), INNER_BINS - 1)
