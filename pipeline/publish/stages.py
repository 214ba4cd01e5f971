"""The card's words on the stages of a training: what an epoch of each shows."""

from collections.abc import Mapping
from typing import Any

from pipeline.publish.markdown import code, table
from schemas.manifest import Manifest


def stages_section(lock: Mapping[str, Any], manifest: Manifest) -> str:
    """Rows of each config that an epoch of a stage shows; '' where the manifest names no stage."""
    if not manifest.stage:
        return ""
    configs = [config for config in lock["counts"] if config != "rejected"]
    rows: list[list[Any]] = []
    for stage in manifest.stage:
        shown = ", ".join(f"{code(name)} × {times:g}" for name, times in stage.sources.items())
        pixels = stage.max_pixels or manifest.images.max_pixels
        counted = [round(sum(_rows(lock, config, name) * times for name, times in stage.sources.items())) for config in configs]
        rows.append([code(stage.name), f"{pixels:,}" if pixels else "all", *counted, shown])
    said = (
        "What an epoch of each stage of a training shows; `medtrace train` takes it from here where a stage of its file has the same name."
    )
    return f"\n\n### Stages\n\n{said}\n\n" + table(("stage", "pixels at most", *(code(config) for config in configs), "sources"), rows)


def _rows(lock: Mapping[str, Any], config: str, source: str) -> int:
    return lock["counts"][config].get("train", {}).get("source", {}).get(source, 0)
