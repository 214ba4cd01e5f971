"""What weights are called: by their content, wherever they lie."""

import shutil
from pathlib import Path

import pytest

from pipeline.models.checkpoint import digest_checkpoint, is_checkpoint
from schemas.errors import TeacherError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def test_the_same_files_elsewhere_are_the_same_model(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    assert digest_checkpoint(folder) == digest_checkpoint(tmp_path / "other")


def test_other_weights_or_another_template_are_another_model(folder: Path) -> None:
    before = digest_checkpoint(folder)
    (folder / "chat_template.jinja").write_text("x")
    between = digest_checkpoint(folder)
    (folder / "model.safetensors").write_bytes(b"weightS")
    assert len({before, between, digest_checkpoint(folder)}) == 3


def test_what_a_trainer_left_beside_changes_nothing(folder: Path) -> None:
    before = digest_checkpoint(folder)
    (folder / "trainer_state.json").write_text("{}")
    (folder / "optimizer.pt").write_bytes(b"x")
    assert digest_checkpoint(folder) == before


def test_a_folder_without_weights_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert is_checkpoint(str(folder))
    with pytest.raises(TeacherError, match="no weights as safetensors"):
        digest_checkpoint(folder)
    assert not is_checkpoint(str(tmp_path))
