from dataclasses import replace

from pipeline.models.generate import Message, Picture, Request, Sampling, Text

ASKED = Request("m", (Message("user", (Picture("d1", "png"), Text("Which?"))),), Sampling(0.6, 0.95, 100), 2048, (0, 1))


def test_a_key_stays_what_it_was_for_as_long_as_answers_are_kept_under_it() -> None:
    assert ASKED.key(0) == "0856d8aeaf2ed0bfa2f8d4f964e0f0ddc853a501a6eaff738a233d340f3089db"
    assert ASKED.key(1) == "7ebfb27fc724e8f020c60ca80b2e65aec13a1691b4e2966c3647993060763b14"


def test_a_key_names_model_revision_and_sample_and_not_who_pays() -> None:
    same = replace(ASKED, source="medmcqa", withheld=("name",), samples=(0,), pictures={"d1": b"bytes"})
    others = (
        replace(ASKED, model="n"),
        replace(ASKED, revision="2026-11-05"),
        replace(ASKED, revision="2026-11-06"),
        replace(ASKED, seed=1024),
    )
    assert same.key(0) == ASKED.key(0)
    assert len({one.key(sample) for one in (ASKED, *others) for sample in (0, 1)}) == 10
