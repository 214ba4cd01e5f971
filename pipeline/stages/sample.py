"""Sample: every question that a teacher can see is put to it, several times."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline import prompts
from pipeline.fingerprint import stable_seed
from pipeline.models.generate import Completion, Generate, Message, Picture, Request, Sampling, Text
from pipeline.verify.structure import structure_grammar
from schemas.example import AnswerType, Chosen
from schemas.image import Image
from schemas.trace import Trace


@dataclass(frozen=True)
class SampleRecipe:
    """What decides the traces of one teacher. `earlier` says what the teachers before it see: those questions are theirs."""

    teacher: str
    model: str
    sees: tuple[str, ...]
    earlier: tuple[tuple[str, ...], ...]
    prompt: str
    prompt_version: int
    structure: str
    structure_version: int
    samples: int
    temperature: float
    top_p: float
    max_tokens: int
    seed: int


def sample(chosen: pa.Table, recipe: SampleRecipe, handle: Generate, images: pa.Table | None = None) -> dict[str, pa.Table]:
    """`traces`: for each question that is this teacher's, one row a sample, in order."""
    asked = questions(chosen, recipe, images)
    answers = handle([question.request for question in asked]) if asked else []
    traces: list[dict[str, Any]] = []
    for question, completions in zip(asked, answers, strict=True):
        traces += [
            _trace(question.example, recipe.teacher, index, question.request, completion)
            for index, completion in zip(question.request.samples, completions, strict=True)
        ]
    return {"traces": Trace.from_rows(traces)}


class Question(NamedTuple):
    """What is asked about one example."""

    example: str
    request: Request


def questions(chosen: pa.Table, recipe: SampleRecipe, images: pa.Table | None = None) -> list[Question]:
    """What a teacher is asked about a shard, in order."""
    rows = [row for row in chosen.to_pylist() if takes(row[Chosen.images], recipe.sees, recipe.earlier)]
    pictures = _pictures(rows, images)
    return [Question(row[Chosen.id], _request(row, recipe, pictures)) for row in rows]


def gold_traces(chosen: pa.Table, recipe: "GoldRecipe") -> dict[str, pa.Table]:
    """`traces`: for each question that has a gold, the gold itself as its one completion."""
    traces = [
        _trace(row[Chosen.id], "", 0, None, Completion(row[Chosen.answer], "stop"))
        for row in chosen.select([Chosen.id, Chosen.answer]).to_pylist()
        if row[Chosen.answer]
    ]
    return {"traces": Trace.from_rows(traces)}


@dataclass(frozen=True)
class GoldRecipe:
    """Nothing varies."""


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


def _request(row: Mapping[str, Any], recipe: SampleRecipe, pictures: Mapping[str, tuple[Picture, bytes]]) -> Request:
    prompt = prompts.by_name(recipe.prompt)
    asked = prompts.problem(prompt, row)
    messages: tuple[Message, ...] = ()
    grammar = ""
    if recipe.structure:
        question, answer = prompts.worked_example(prompt, row[Chosen.answer_type])
        messages = (Message("user", (Text(question),)), Message("assistant", (Text(answer),)))
        grammar = structure_grammar(AnswerType(row[Chosen.answer_type]), len(row[Chosen.options]))
    shown = [pictures[digest] for digest in row[Chosen.images]]
    messages += (Message("user", (*(picture for picture, _ in shown), Text(asked))),)
    return Request(
        model=recipe.model,
        messages=messages,
        sampling=Sampling(recipe.temperature, recipe.top_p, recipe.max_tokens, recipe.structure, grammar),
        seed=stable_seed(recipe.seed, row[Chosen.id]),
        samples=tuple(range(recipe.samples)),
        pictures={picture.digest: data for picture, data in shown},
    )


def _trace(example: str, teacher: str, index: int, request: Request | None, completion: Completion) -> dict[str, Any]:
    name = hashlib.sha256(f"{example}\0{teacher}\0{index}".encode()).hexdigest()[:32]
    return {
        Trace.id: name,
        Trace.example: example,
        Trace.teacher: teacher,
        Trace.sample: index,
        Trace.request: request.key(index) if request else "",
        Trace.text: completion.text,
        Trace.finish_reason: completion.finish_reason,
        Trace.model: completion.model,
        Trace.prompt_tokens: completion.prompt_tokens,
        Trace.completion_tokens: completion.completion_tokens,
        Trace.cost_nanousd: completion.cost_nanousd if request else 0,
    }
