"""The page about the manifest names every key that there is."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from schemas import manifest, manifest_parts, manifest_select, manifest_source, manifest_stage, manifest_student, manifest_teacher

PAGE = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text(encoding="utf-8")
SECTIONS = [
    found
    for module in (manifest, manifest_parts, manifest_select, manifest_source, manifest_stage, manifest_student, manifest_teacher)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, BaseModel) and found.__module__ == module.__name__
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_is_told(section: type[BaseModel]) -> None:
    keys = [field.alias or name for name, field in section.model_fields.items()]
    assert [key for key in keys if not any(f"{mark}{key}" in PAGE for mark in ("`", "[", "{ ", ", ", "."))] == []
