from pathlib import Path

import pytest

from tests.fixtures.corpora import write_corpus

SPLITS = {
    "sft": {"train": 2, "heldout": 1},
    "sft_text": {"train": 2},
    "rl": {"train": 2, "heldout": 2},
    "rejected": {"train": 1, "heldout": 1},
}


@pytest.mark.slow
@pytest.mark.parametrize("config", SPLITS)
def test_load_dataset_finds_every_config_and_split(config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", label="0110")
    loaded = datasets.load_dataset(str(out), config, cache_dir=str(tmp_path / "cache"))
    assert {split: rows.num_rows for split, rows in loaded.items()} == SPLITS[config]
    if config in ("sft", "rl"):
        assert [image.size for image in loaded["train"][0]["images"]] == [(8, 6), (8, 6)]
    assert datasets.get_dataset_config_names(str(out)) == list(SPLITS)
    assert datasets.get_dataset_default_config_name(str(out)) == "sft"
