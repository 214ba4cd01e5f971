"""The benchmarks that models are evaluated on: which split counts, and how its questions are put."""

from collections.abc import Iterable, Mapping

from pipeline.prompts import Prompt, by_name
from schemas.errors import UsageError
from schemas.manifest import Dataset
from sources import SOURCES
from sources import by_name as source_by_name

# Whose test golds are withheld: what everyone reports is the validation split.
SPLITS = {"medmcqa": "validation", "mmmu_med": "validation"}
# By which others know what is two sources here, or a part of one.
OTHER_NAMES = {"medxpertqa": ("medxpertqa_text", "medxpertqa_mm"), "mmlu_pro_med": ("mmlu_pro",)}
PROMPT = "octomed"
# OctoMed's card asks short answers about images directly; numbers and dates need words on their form.
PROMPTS = {"vqa_rad": "octomed-direct", "slake": "octomed-direct", "path_vqa": "octomed-direct", "medcalc_bench": "boxed.2"}


def datasets_of(names: Iterable[str], paths: Mapping[str, str], splits: Mapping[str, str]) -> tuple[Dataset, ...]:
    """The benchmarks of these names, with their local files and other splits where those are told.

    A name by which others know them stands for its sources, with what is told of it.

    Raises: UsageError for a name that no source has, one that is told twice, and a path or split of another.
    """
    wanted = [name for told in names for name in OTHER_NAMES.get(told, (told,))]
    paths, splits = _of_sources(paths), _of_sources(splits)
    known = {source.name for source in SOURCES}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(f"No benchmark is called {', '.join(unknown)}. Known are {', '.join(sorted({*known, *OTHER_NAMES}))}.")
    if len(set(wanted)) < len(wanted):
        raise UsageError(f"A benchmark is named twice in {', '.join(wanted)}. Name each once.")
    for option, told in (("--data", paths), ("--split", splits)):
        others = sorted(set(told) - set(wanted))
        if others:
            raise UsageError(f"{option} names {', '.join(others)}, which is not among the benchmarks {', '.join(wanted)}.")
    return tuple(Dataset(name=name, split=splits.get(name) or split_of(name), path=paths.get(name)) for name in wanted)


def _of_sources(told: Mapping[str, str]) -> dict[str, str]:
    """What is told of names, by source; what is told of a source itself counts."""
    return {one: value for name, value in told.items() for one in OTHER_NAMES.get(name, ())} | {
        name: value for name, value in told.items() if name not in OTHER_NAMES
    }


def split_of(name: str) -> str:
    """The split of a benchmark that counts."""
    source = source_by_name(name)
    return SPLITS.get(name) or ("test" if "test" in source.splits else source.default_split)


def prompts_of(datasets: Iterable[Dataset], prompt: str | None) -> tuple[Prompt, dict[str, Prompt]]:
    """The prompt for all benchmarks, and those of benchmarks with another; one that is named is for all.

    Raises: ManifestError where there is no such prompt.
    """
    if prompt is not None:
        return by_name(prompt), {}
    named = {dataset.name for dataset in datasets}
    return by_name(PROMPT), {name: by_name(own) for name, own in PROMPTS.items() if name in named}
