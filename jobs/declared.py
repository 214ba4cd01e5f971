"""A plan from what sources declare: rows, requests, tokens and money at full scale, without one of their files."""

from dataclasses import asdict, dataclass
from typing import Any

from jobs.budgets import urls_of
from jobs.inputs import Asked, source_of
from pipeline.models.prices import price_of
from schemas.errors import ManifestError
from schemas.manifest import Dataset, Manifest, Teacher
from sources.source import Source

# What OctoMed publishes of its traces: a mean of 840 tokens of completion. Nothing is known of other teachers before one is asked.
COMPLETION_TOKENS = 840
# A vision model of the Qwen-VL family takes a token for 28 by 28 pixels; an image without a limit counts as 1,024 by 1,024.
PIXELS_A_TOKEN = 28 * 28
PIXELS = 1024 * 1024


@dataclass(frozen=True)
class DeclaredSource:
    """A source's rows and images as declared; `answers`: the teacher that is asked first, gold, none, or '' where nobody sees it."""

    name: str
    split: str
    access: str
    rows: int | None
    images: int
    answers: str


@dataclass(frozen=True)
class DeclaredTeacher:
    """What a teacher would be asked for the declared rows; money in USD, None where no price is known."""

    name: str
    model: str
    questions: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


@dataclass(frozen=True)
class DeclaredStage:
    """Rows that an epoch of a stage shows, and the most pixels of an image then."""

    name: str
    rows: int
    max_pixels: int | None


@dataclass(frozen=True)
class DeclaredPlan:
    """Everything that a manifest asks for, at most: duplicates and leaks are not taken off."""

    name: str
    sources: tuple[DeclaredSource, ...]
    teachers: tuple[DeclaredTeacher, ...]
    stages: tuple[DeclaredStage, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the sources that declare them."""
        return sum(source.rows or 0 for source in self.sources)

    @property
    def images(self) -> int:
        """Images likewise."""
        return sum(source.images for source in self.sources)

    def to_json(self) -> dict[str, Any]:
        """The plan for machines."""
        return {"name": self.name, "rows": self.rows, "images": self.images} | {
            "sources": [asdict(source) for source in self.sources],
            "teachers": [asdict(teacher) for teacher in self.teachers],
            "stages": [asdict(stage) for stage in self.stages],
        }


def plan_declared(asked: Asked) -> DeclaredPlan:
    """The plan of a manifest; reads no file but the manifest, fetches nothing.

    Raises: ManifestError where a benchmark stands among the sources, or a split is unknown.
    """
    manifest = asked.manifest
    told = [(dataset, _checked(dataset)) for dataset in manifest.source]
    found = tuple(_source(manifest, dataset, source) for dataset, source in told)
    tokens = {dataset.name: source.question_tokens for dataset, source in told}
    teachers = tuple(_teacher(manifest, teacher, found, tokens) for teacher in manifest.teachers)
    rows = {source.name: source.rows or 0 for source in found}
    stages = tuple(
        DeclaredStage(
            stage.name,
            round(sum(rows[name] * times for name, times in stage.sources.items())),
            stage.max_pixels or manifest.images.max_pixels,
        )
        for stage in manifest.stage
    )
    return DeclaredPlan(manifest.name, found, teachers, stages)


def _checked(dataset: Dataset) -> Source:
    source = source_of(dataset)
    if source.benchmark_only:
        raise ManifestError(f"{dataset.name} is a benchmark and is never trained on. Name it under [[benchmark]].")
    if dataset.split and dataset.split not in source.splits:
        raise ManifestError(f'{dataset.name} has no split "{dataset.split}", only {", ".join(source.splits)}. Name one of these as split.')
    return source


def _source(manifest: Manifest, dataset: Dataset, source: Source) -> DeclaredSource:
    split = dataset.split or source.default_split
    rows = dataset.rows if dataset.rows is not None else source.sizes.get(split)
    if rows is not None and dataset.max_rows:
        rows = min(rows, dataset.max_rows)
    seen = source.modality != "text"
    images = min(source.images.get(split, rows or 0), rows or 0) if seen else 0
    return DeclaredSource(dataset.name, split, source.access.value, rows, images, _answers(manifest, dataset, seen=seen))


def _answers(manifest: Manifest, dataset: Dataset, *, seen: bool) -> str:
    if manifest.answered_by_gold(dataset):
        return "gold"
    if dataset.answers == "none":
        return "none"
    needed = "image" if seen else "text"
    seeing = [teacher for teacher in manifest.answering if needed in teacher.sees and not teacher.after]
    return next((teacher.name for teacher in sorted(seeing, key=lambda teacher: teacher.beside)), "")


def _teacher(manifest: Manifest, teacher: Teacher, sources: tuple[DeclaredSource, ...], tokens: dict[str, int]) -> DeclaredTeacher:
    """A teacher of a cascade is counted as if every question came to it: what comes is not known before the first was asked."""
    first = teacher
    while first.after:
        first = next(other for other in manifest.teachers if first.after and other.name == first.after.teacher)
    mine = [source for source in sources if source.answers == first.name]
    if first.beside:
        direct = {dataset.name for dataset in manifest.source if dataset.answers == "gold"}
        mine = [source for source in sources if source.name not in direct and ("image" if source.images else "text") in first.sees]
    pixels = manifest.images.max_pixels or PIXELS
    samples = sum(teacher.asked_in)
    questions = sum(source.rows or 0 for source in mine)
    prompt = sum((source.rows or 0) * (tokens[source.name] + (pixels // PIXELS_A_TOKEN if source.images else 0)) for source in mine)
    completion = questions * samples * min(COMPLETION_TOKENS, teacher.max_tokens)
    price = price_of(teacher.model, urls_of(teacher.name), teacher.price)
    usd = None if price is None else price.cost_nanousd(prompt * samples, completion) / 1e9
    return DeclaredTeacher(teacher.name, teacher.model, questions, questions * samples, prompt * samples, completion, usd)
