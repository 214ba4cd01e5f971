"""Sample: every question that a teacher can see is put to it, several times."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import prompts
from pipeline.fingerprint import stable_seed
from pipeline.models.generate import Completion, Generate, Message, Picture, Request, Sampling, Text
from pipeline.normalise import normalise
from pipeline.sampling import Design
from pipeline.trace_rows import trace_row
from pipeline.verify.structure import structure_grammar
from schemas.example import AnswerType, Chosen
from schemas.image import Image
from schemas.trace import Judgement, Trace, Verdict


@dataclass(frozen=True)
class After:
    """What of an earlier teacher goes on: questions with too few correct answers, or with too low a pass rate."""

    design: Design
    correct_below: int = 0
    pass_rate_below: float = 0.0

    def takes(self, sampled: int, correct: int) -> bool:
        """Whether a question that ended with these counts goes on."""
        if self.correct_below:
            return correct < self.correct_below
        return self.design.estimate(sampled, correct) < self.pass_rate_below


@dataclass(frozen=True)
class SampleRecipe:
    """What decides the traces of one teacher, or of one round.

    `earlier` says what the teachers before it see: those questions are theirs. `round` counts from 0; in later rounds
    `design` says who is asked again. `after` says which questions of another teacher it takes.
    `besides` names the sources whose questions are put to no teacher.
    `worked` has the solved question that a structured request begins with, by type of answer;
    `shots` those that are shown before every other question, `shown` how many of a source's are.
    """

    teacher: str
    model: str
    sees: tuple[str, ...]
    earlier: tuple[tuple[str, ...], ...]
    prompt: prompts.Prompt
    structure: str
    structure_version: int
    samples: int
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    round: int = 0
    design: Design | None = None
    after: After | None = None
    worked: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    shots: tuple[prompts.Shown, ...] = ()
    shown: int = 0
    revision: str = ""
    besides: tuple[str, ...] = ()

    def prompt_for(self, source: str) -> prompts.Prompt:
        """How a question of that source is put."""
        return self.prompt

    @property
    def shown_at(self) -> str:
        """The least and most pixels at which the model's processor shows an image; '' leaves them to it."""
        return ""


@dataclass(frozen=True)
class BySourceRecipe(SampleRecipe):
    """A recipe in which some sources have a prompt of their own."""

    own_prompts: Mapping[str, prompts.Prompt] = field(default_factory=dict[str, prompts.Prompt])

    def prompt_for(self, source: str) -> prompts.Prompt:
        """The source's own prompt, else the one for all."""
        return self.own_prompts.get(source, self.prompt)


@dataclass(frozen=True)
class StudentRecipe(BySourceRecipe):
    """A recipe of a model whose processor is told at how many pixels to show an image."""

    pixels: str = ""

    @property
    def shown_at(self) -> str:
        """As it is told."""
        return self.pixels


def sample(
    chosen: pa.Table,
    recipe: SampleRecipe,
    handle: Generate,
    images: pa.Table | None = None,
    judged: pa.Table | None = None,
    failed: pa.Table | None = None,
    shots: pa.Table | None = None,
) -> dict[str, pa.Table]:
    """`traces`: for each question that is this teacher's, one row a sample, in order.

    `judged`: the verdicts of the rounds before, `failed`: those of the teacher before, where the recipe has such;
    `shots`: solved questions of a source.
    """
    asked = questions(chosen, recipe, images, judged, failed, shots)
    answers = handle([question.request for question in asked]) if asked else []
    traces: list[dict[str, Any]] = []
    for question, completions in zip(asked, answers, strict=True):
        traces += [
            trace_row(question.example, recipe.teacher, index, question.request, completion)
            for index, completion in zip(question.request.samples, completions, strict=True)
        ]
    return {"traces": Trace.from_rows(traces)}


class Question(NamedTuple):
    """What is asked about one example."""

    example: str
    request: Request


def questions(
    chosen: pa.Table,
    recipe: SampleRecipe,
    images: pa.Table | None = None,
    judged: pa.Table | None = None,
    failed: pa.Table | None = None,
    shots: pa.Table | None = None,
) -> list[Question]:
    """What a teacher is asked about a shard, in order."""
    wanted = _wanted(recipe, judged, failed)
    asked: list[tuple[Mapping[str, Any], range]] = []
    for row in chosen.to_pylist():
        samples = range(recipe.samples) if wanted is None else wanted.get(row[Chosen.id], range(0))
        if samples and row[Chosen.source] not in recipe.besides and takes(row[Chosen.images], recipe.sees, recipe.earlier):
            asked.append((row, samples))
    if shots is not None:
        recipe = replace(recipe, shots=prompts.shown_rows(recipe.prompt, shots.to_pylist()))
    pictures = _pictures([row for row, _ in asked], images)
    return [Question(row[Chosen.id], _request(row, recipe, pictures, samples)) for row, samples in asked]


def _wanted(recipe: SampleRecipe, judged: pa.Table | None, failed: pa.Table | None) -> dict[str, range] | None:
    """The samples that are wanted of each question; None where every question is asked."""
    if recipe.design is not None and judged is not None:
        return _again(recipe.design, recipe.round, judged)
    if recipe.after is not None and failed is not None:
        counts = _counts(failed)
        return {id: range(recipe.samples) for id, (sampled, correct) in counts.items() if recipe.after.takes(sampled, correct)}
    return None


def _again(design: Design, round: int, judged: pa.Table) -> dict[str, range]:
    """The samples of a later round: of questions that were asked in full before it, as their verdicts by sample index say."""
    start, begun = sum(design.rounds[:round]), design.rounds[0]
    first = _counts(judged.filter(pc.less(judged[Judgement.sample], begun)))
    wanted: dict[str, range] = {}
    for id, (sampled, correct) in _counts(judged).items():
        if sampled == start:
            wanted[id] = range(start, start + design.more(round, correct, design.limit(first[id][1])))
    return wanted


def _counts(judged: pa.Table) -> dict[str, tuple[int, int]]:
    """Samples and correct ones of each question."""
    examples, verdicts = judged[Judgement.example].to_pylist(), judged[Judgement.verdict].to_pylist()
    correct = Counter(example for example, verdict in zip(examples, verdicts, strict=True) if verdict == Verdict.CORRECT)
    return {example: (sampled, correct[example]) for example, sampled in Counter(examples).items()}


def gold_traces(chosen: pa.Table, recipe: "GoldRecipe") -> dict[str, pa.Table]:
    """`traces`: for each question of those sources that has a gold, the gold itself as its one completion."""
    traces = [
        trace_row(row[Chosen.id], "", 0, None, Completion(row[Chosen.answer], "stop"))
        for row in chosen.select([Chosen.id, Chosen.source, Chosen.answer]).to_pylist()
        if row[Chosen.answer] and row[Chosen.source] in recipe.sources
    ]
    return {"traces": Trace.from_rows(traces)}


def imported_traces(chosen: pa.Table, recipe: "ImportedRecipe") -> dict[str, pa.Table]:
    """`traces`: for each question the completions that its source publishes beside it, in order."""
    rows = zip(chosen[Chosen.id].to_pylist(), chosen[Chosen.traces].to_pylist(), strict=True)
    traces = [
        trace_row(id, recipe.teacher, index, None, Completion(text, "stop")) for id, told in rows for index, text in enumerate(told or ())
    ]
    return {"traces": Trace.from_rows(traces)}


@dataclass(frozen=True)
class ImportedRecipe:
    """The name under which imported traces are published."""

    teacher: str


@dataclass(frozen=True)
class GoldRecipe:
    """The sources whose golds are the answers."""

    sources: tuple[str, ...]


def takes(images: Sequence[str], sees: Sequence[str], earlier: Sequence[Sequence[str]]) -> bool:
    """Whether a question is put to a teacher: it sees it, and no teacher before it does."""

    def seen(eyes: Sequence[str]) -> bool:
        return ("image" if images else "text") in eyes

    return seen(sees) and not any(seen(eyes) for eyes in earlier)


def _pictures(rows: Sequence[Mapping[str, Any]], images: pa.Table | None) -> dict[str, tuple[Picture, bytes]]:
    wanted = {digest for row in rows for digest in row[Chosen.images]}
    if not wanted or images is None:
        return {}
    places = [place for place, digest in enumerate(images[Image.digest].to_pylist()) if digest in wanted]
    return {
        row[Image.digest]: (Picture(row[Image.published_digest], row[Image.format]), row[Image.bytes])
        for row in images.take(pa.array(places, pa.int64())).to_pylist()
    }


def _request(row: Mapping[str, Any], recipe: SampleRecipe, pictures: Mapping[str, tuple[Picture, bytes]], samples: range) -> Request:
    prompt = recipe.prompt_for(row[Chosen.source])
    asked = prompts.problem(prompt, prompts.unanswered(row))
    messages = (Message("system", (Text(prompt.system),)),) if prompt.system else ()
    grammar = ""
    if recipe.structure:
        question, answer = recipe.worked[row[Chosen.answer_type]]
        messages += (Message("user", (Text(question),)), Message("assistant", (Text(answer),)))
        grammar = structure_grammar(AnswerType(row[Chosen.answer_type]), len(row[Chosen.options]))
    asking = normalise(row[Chosen.question])
    others = [shot for shot in recipe.shots if shot.question != asking and shot.id != row[Chosen.id]]
    for shot in others[: recipe.shown or None]:
        messages += (Message("user", (Text(shot.asked),)), Message("assistant", (Text(shot.answered),)))
    shown = [pictures[digest] for digest in row[Chosen.images]]
    messages += (Message("user", (*(picture for picture, _ in shown), Text(asked))),)
    return Request(
        model=recipe.model,
        messages=messages,
        sampling=Sampling(recipe.temperature, recipe.top_p, recipe.max_tokens, recipe.structure, grammar, recipe.shown_at),
        seed=stable_seed(recipe.seed, row[Chosen.id]),
        samples=tuple(samples),
        pictures={picture.digest: data for picture, data in shown},
        source=row[Chosen.source],
        withheld=tuple(row[Chosen.identifiers]),
        revision=recipe.revision,
    )
