"""The dataset card: YAML for the Hub, and sections whose every number comes from the lock."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.publish.layout import data_files
from pipeline.publish.licences import licences_section
from pipeline.publish.markdown import block, code, line, link, table, text
from pipeline.publish.overlaps import overlaps_section
from pipeline.publish.privacy import LETTERS, MASK, SCAN, letters_said, privacy_section
from pipeline.publish.similar import similar_section
from pipeline.publish.stages import stages_section
from pipeline.publish.told_traces import costs_section, flags_section, number, teachers_section, traces_of
from pipeline.publish.withheld import withheld_section
from schemas.corpus import BUDGET
from schemas.licences import BY_ROW
from schemas.manifest import Manifest
from schemas.trace import MODEL_JUDGE

CARD = 5
RESTRICTED = ("gated", "registered", "credentialed", "kaggle")
STAGES = ("benchmark", "ingest", "gather", "choose", "sample", "judge", "select", "rl")
ABOUT = {
    "sft": "one row a kept trace; `prompt`/`completion` for TRL, `problem`/`response` for LLaMA-Factory and EasyR1",
    "sft_text": "the kept traces of questions without images, without an `images` column",
    "rl": "one row a question, with its gold and pass rate; no completion",
    "rejected": "every trace that was not kept, with its verdict and the reason, in the split of its question",
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
_BIGGER = "10M<n<100M"
_WIDE = 6
SMALLER = "Those of more than {:,} pixels are made smaller (Lanczos; JPEG at quality 95, PNG losslessly), and boxes count in the smaller one's pixels."
FRAMES = "Of several frames the first is shown, of a NIfTI volume the middle axial slice."

Lock = Mapping[str, Any]


def render_card(lock: Lock, manifest: Manifest) -> str:
    """README.md of a corpus."""
    sections = [
        front_matter(lock),
        f"# {text(lock['name'])} {text(lock['version'])}",
        _about(lock),
        "## Loading\n\n" + _loading(lock),
        "## Contents\n\n" + _contents(lock) + _images(lock, manifest) + stages_section(lock, manifest),
        "## Traces\n\n" + teachers_section(lock, manifest),
        "## Costs\n\n" + costs_section(lock),
        "## Flags\n\n" + flags_section(lock),
        "## From rows to rows\n\n" + _funnel(lock),
        "## Overlaps with benchmarks\n\n" + overlaps_section(lock, manifest),
        "## Questions in nearly the same words\n\n" + similar_section(lock, manifest),
        "## Identifiers of persons\n\n" + privacy_section(lock, manifest),
        "## Limitations\n\n" + "\n".join(f"- {one}" for one in limitations(lock, manifest)),
        "## Licences and sources\n\n" + _sources(lock),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def front_matter(lock: Lock) -> str:
    """The YAML block: configs with their files, licence, tags, tasks and size."""
    configs: list[str] = []
    for place, (config, splits) in enumerate(lock["counts"].items()):
        configs += [f"- config_name: {config}"] + (["  default: true"] if place == 0 else []) + ["  data_files:"]
        for split in splits:
            configs += [f"  - split: {split}", f"    path: {json.dumps(data_files(config, split))}"]
    licence = common_license(lock)
    facts = [f"pretty_name: {json.dumps(line(lock['name']), ensure_ascii=False)}", f"license: {json.dumps(licence)}"]
    if licence == "other":
        facts.append('license_name: "several-by-row"')
    tags = ["task_categories:", *(f"- {task}" for task in _tasks(lock)), "tags:", "- medical", "- reasoning"]
    size = next((name for bound, name in _SIZES if _largest(lock) < bound), _BIGGER)
    return "\n".join(["---", *facts, *tags, "size_categories:", f"- {size}", *(["configs:", *configs] if configs else []), "---"])


def common_license(lock: Lock) -> str:
    """The licence of the whole where the manifest names one, or that all rows and sources have, in lower case; else "other"."""
    whole = lock.get("license", "")
    if whole not in ("", BY_ROW):
        return whole.lower()
    named = {one["license"] for one in lock["datasets"] if one["role"] == "source"} | set(_total(lock, "license"))
    one = next(iter(named)) if len(named) == 1 else ""
    return one.lower() if re.fullmatch(r"(?!LicenseRef-)[A-Za-z0-9.+-]+", one) else "other"


def _about(lock: Lock) -> str:
    kept, rejected = (sum(traces_of(lock, fate, "teacher").values()) for fate in ("kept", "rejected"))
    sources = ", ".join(link(one["title"] or one["name"], one["homepage"]) for one in lock["datasets"] if one["role"] == "source")
    said = f"Medical questions with {number(kept, 'kept completion')} and {number(rejected, 'rejected trace')}"
    said += f" on {number(_rows(lock, 'rl'), 'question')}, made from {sources or 'no source'}."
    part = lock.get("partial")
    if part:
        of = part["finished"] + part["unfinished"]
        left = f"A budget ended before {part['unfinished']:,} of {number(of, 'chosen question')} had all of their answers"
        said = f"**This corpus is partial.** {left}: they are left out, counted as `{BUDGET}`.\n\n{said}"
    built = f"Built by medtrace {text(lock['medtrace'])} from {code(lock['manifest']['name'])} (fingerprint {code(lock['manifest']['fingerprint'])})."
    return f"{said}\n\n{built} `manifest.toml` says what was asked, `lock.json` what it was made of and the digest of every file."


def _loading(lock: Lock) -> str:
    calls = [f'{config} = load_dataset("path/or/repository", "{config}")' for config in lock["counts"]]
    meanings = [f"- {code(config)}: {ABOUT[config]} ({', '.join(splits)})." for config, splits in lock["counts"].items()]
    return block("\n".join(["from datasets import load_dataset", "", *calls]), "python") + "\n\n" + "\n".join(meanings)


def _contents(lock: Lock) -> str:
    rows = [(code(config), code(split), held["rows"]) for config, splits in lock["counts"].items() for split, held in splits.items()]
    parts = [table(("config", "split", "rows"), rows)]
    titles = {"source": "source", "license": "licence", "modality": "modality", "answer_type": "task", "verdict": "verdict"}
    for facet, title in titles.items():
        configs = [config for config, splits in lock["counts"].items() if any(facet in held for held in splits.values())]
        values = sorted({value for config in configs for value in _counted(lock, config, facet)})
        if values:
            body = [[code(value), *(_counted(lock, config, facet).get(value, 0) for config in configs)] for value in values]
            parts.append(f"### By {title}\n\n" + table((title, *(code(config) for config in configs)), body))
    return "\n\n".join(parts)


def _images(lock: Lock, manifest: Manifest) -> str:
    bound = manifest.images.max_pixels
    said = "Images keep the compressed pixels of their source, turned upright and without metadata; what is no JPEG or PNG is a PNG."
    said += f" {SMALLER.format(bound)}" if bound else ""
    said += letters_said(lock, manifest)
    held = withheld_section(lock)
    told = f"{said} {FRAMES}" + (f"\n\n{held}" if held else "")
    return "" if all(name == "text" for name in _total(lock, "modality")) else f"\n\n### Images\n\n{told}"


def _funnel(lock: Lock) -> str:
    tallies = [told for told in lock["tallies"] if told[0] not in (SCAN, MASK, LETTERS)]
    sources = sorted({source for _, source, _, _ in tallies})
    wide = sources if len(sources) <= _WIDE else []
    found: dict[tuple[str, str], dict[str, int]] = {}
    for stage, source, reason, count in tallies:
        found.setdefault((stage, reason), {})[source] = count
    order = sorted(found, key=lambda place: (_stage(place[0]), place[0], place[1] != "rows", place[1]))
    rows = [
        [code(stage), text(reason or "kept"), sum(found[stage, reason].values()), *(found[stage, reason].get(one, 0) for one in wide)]
        for stage, reason in order
    ]
    if not rows:
        return "Nothing was counted."
    counted = "Each stage counts what it was given or left out, by reason."
    return f"{counted}\n\n" + table(("stage", "reason", "all", *(code(source) for source in wide)), rows)


def limitations(lock: Lock, manifest: Manifest) -> list[str]:
    """What a corpus is not fit for, in sentences of Markdown."""
    said = [
        "Not for clinical use: questions, golds and traces hold errors, and an answer that is right may be reasoned wrongly.",
        "A trace is kept because its answer equals the gold; its reasoning is not checked.",
    ]
    if traces_of(lock, "kept", "rule").get(MODEL_JUDGE):
        said.append(f"Rows of the rule {code(MODEL_JUDGE)} rest on a model's word; no rule can verify them again.")
    if lock["counts"].get("rejected"):
        said.append("`rejected` holds wrong and refused answers on purpose. Do not train on it as it is.")
    named = [one for one in lock["datasets"] if one["role"] == "benchmark"]
    if named:
        said.append(
            "Pictures of a benchmark are found unless they are turned, mirrored or cropped by more than about 4 %, questions also where they are reworded or cut."
        )
    if not manifest.split.heldout:
        said.append("Nothing is held out.")
    return said


def _sources(lock: Lock) -> str:
    rows = [
        (
            code(one["name"]),
            one["role"],
            link(one["title"] or one["name"], one["homepage"]),
            text(one["license"] or "not stated"),
            text(one["access"]),
            code(one["revision"]) if one["revision"] else "local files",
        )
        for one in lock["datasets"]
    ]
    parts = [table(("name", "role", "dataset", "licence", "access", "revision"), rows)] if rows else []
    parts += [licences_section(lock)]
    restricted = [one for one in lock["datasets"] if one["role"] == "source" and one["access"] in RESTRICTED]
    if restricted:
        parts.append(f"Access to {_names(restricted)} is restricted upstream: its terms bind whoever passes these rows on.")
    parts += [
        f"### Citing {text(one['name'])}\n\n{block(one['citation'], 'bibtex')}" for one in lock["datasets"] if one["citation"].strip()
    ]
    return "\n\n".join(parts)


def _names(datasets: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(code(one["name"]) for one in datasets)


def _stage(name: str) -> int:
    base = name.partition("[")[0]
    return STAGES.index(base) if base in STAGES else len(STAGES)


def _tasks(lock: Lock) -> list[str]:
    pictured = any(name != "text" for name in _total(lock, "modality"))
    return ["question-answering", *(["visual-question-answering"] if pictured else []), "text-generation"]


def _rows(lock: Lock, config: str) -> int:
    return sum(held["rows"] for held in lock["counts"].get(config, {}).values())


def _largest(lock: Lock) -> int:
    return sum(_rows(lock, config) for config in lock["counts"])


def _counted(lock: Lock, config: str, facet: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for held in lock["counts"].get(config, {}).values():
        for value, count in held.get(facet, {}).items():
            found[value] = found.get(value, 0) + count
    return found


def _merged(lock: Lock, configs: Sequence[str], facet: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for config in configs:
        for value, count in _counted(lock, config, facet).items():
            found[value] = found.get(value, 0) + count
    return found


def _total(lock: Lock, facet: str) -> dict[str, int]:
    return _merged(lock, tuple(lock["counts"]), facet)
