"""Benchmarks by name: splits, prompts and what is told wrong."""

import pytest

from jobs.benchmarks import datasets_of, prompts_of, split_of
from schemas.errors import ManifestError, UsageError
from sources import SOURCES


def test_the_split_that_counts_is_one_of_the_sources_own() -> None:
    for source in SOURCES:
        assert split_of(source.name) in source.splits
    assert (split_of("medqa"), split_of("medmcqa"), split_of("vqa_rad")) == ("test", "validation", "test")


def test_files_and_splits_go_to_their_benchmark() -> None:
    medqa, medmcqa = datasets_of(["medqa", "medmcqa"], {"medmcqa": "files"}, {"medqa": "train"})
    assert (medqa.name, medqa.split, medqa.path) == ("medqa", "train", None)
    assert (medmcqa.name, medmcqa.split, medmcqa.path) == ("medmcqa", "validation", "files")


def test_every_name_that_papers_use_is_known() -> None:
    papers = (
        "medqa,medmcqa,pubmedqa,mmlu_med,mmlu_pro_med,medxpertqa,vqa_rad,slake,path_vqa,pmc_vqa,omnimedvqa,mmmu_med,medcalc_bench,headqa"
    )
    found = [dataset.name for dataset in datasets_of(papers.split(","), {}, {})]
    assert set(found) - set(papers.split(",")) == {"mmlu_pro", "medxpertqa_text", "medxpertqa_mm"}


def test_a_name_for_several_sources_stands_for_all_of_them_and_hands_its_files_on() -> None:
    text, images = datasets_of(["medxpertqa"], {"medxpertqa": "both", "medxpertqa_mm": "own"}, {"medxpertqa": "dev"})
    assert [(one.name, one.path, one.split) for one in (text, images)] == [
        ("medxpertqa_text", "both", "dev"),
        ("medxpertqa_mm", "own", "dev"),
    ]
    with pytest.raises(UsageError, match="named twice"):
        datasets_of(["medxpertqa", "medxpertqa_mm"], {}, {})


@pytest.mark.parametrize(
    ("names", "paths", "splits", "said"),
    [
        (["medqs"], {}, {}, "No benchmark is called medqs"),
        (["medqa", "medqa"], {}, {}, "named twice"),
        (["medqa"], {"pubmedqa": "x"}, {}, "--data names pubmedqa"),
        (["medqa"], {}, {"pubmedqa": "x"}, "--split names pubmedqa"),
    ],
)
def test_what_is_told_wrong_is_named(names: list[str], paths: dict[str, str], splits: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        datasets_of(names, paths, splits)


def test_short_answers_about_images_are_asked_directly_unless_a_prompt_is_named() -> None:
    datasets = datasets_of(["medqa", "vqa_rad"], {}, {})
    shared, own = prompts_of(datasets, None)
    assert shared.asks_box
    assert {name: prompt.name for name, prompt in own.items()} == {"vqa_rad": "octomed-direct"}
    assert prompts_of(datasets, "boxed") == (prompts_of(datasets, "boxed")[0], {})
    with pytest.raises(ManifestError, match="There is no prompt"):
        prompts_of(datasets, "none such")
