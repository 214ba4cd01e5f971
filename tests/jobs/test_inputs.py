"""Inputs: where a manifest's files are, and what may be sent to whom."""

from pathlib import Path

import pytest

from jobs import inputs
from schemas.errors import ManifestError
from tests.fixtures.local_build import Project, questions

REMOTE = {"OPENAI_BASE_URL": "https://api.example.org/v1"}
LOCAL = {"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"}


def asked(folder: Path, *, more: str = "") -> inputs.Asked:
    project = Project(folder)
    project.write({"quiz": questions(2)})
    text = project.manifest.read_text().replace('license = "CC0-1.0"\n', f'license = "CC0-1.0"\n{more}')
    project.manifest.write_text(text)
    return inputs.open_manifest(project.manifest)


def test_paths_are_relative_to_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(tmp_path)
    monkeypatch.chdir("/")
    (item,), lock = inputs.resolve(found, tmp_path / "fetched")
    assert [path.name for path in item.digests] == ["quiz.jsonl"]
    assert lock.fetched == {}
    assert not found.lock_path.exists()


def test_a_manifest_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="not UTF-8"):
        inputs.open_manifest(path)


@pytest.mark.parametrize("access", ["registered", "credentialed"])
def test_restricted_rows_stay_here_unless_the_manifest_permits(tmp_path: Path, access: str) -> None:
    found = asked(tmp_path, more=f'access = "{access}"\n')
    items, _ = inputs.resolve(found, tmp_path / "fetched")
    inputs.check_permissions(found.manifest, items, LOCAL)
    with pytest.raises(ManifestError, match="quiz may not be sent away"):
        inputs.check_permissions(found.manifest, items, REMOTE)
    permitted = asked(tmp_path, more=f'access = "{access}"\nmay_send = true\n')
    items, _ = inputs.resolve(permitted, tmp_path / "fetched")
    inputs.check_permissions(permitted.manifest, items, REMOTE)


def test_open_rows_may_be_sent(tmp_path: Path) -> None:
    found = asked(tmp_path)
    items, _ = inputs.resolve(found, tmp_path / "fetched")
    inputs.check_permissions(found.manifest, items, REMOTE)
