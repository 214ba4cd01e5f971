"""Publishing to the Hub, by the real client against a server of this machine."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants, snapshot_download

from pipeline.publish.audit import audit
from pipeline.publish.send.run import publish
from schemas.errors import PublishError, UsageError
from tests.fixtures.corpora import boxed, detach, png, posed, question, rows_of_a_corpus, traced, write_corpus
from tests.fixtures.local_build import call, contents
from tests.fixtures.writable_hub import WritableHub, writable

REPO, DEST = "me/tiny", "hf://me/tiny"
# Of the Hub's own client, as it uploads a file.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
TOKEN = "hf_abcdefghijklmnop1234567890"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WritableHub]:
    """Large files go by git-lfs, which this server speaks; the chunked protocol of `hf_xet` is between its client and the Hub alone."""
    with writable(WritableHub(token=TOKEN)) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield served


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


def test_a_corpus_goes_into_a_private_repository_by_one_commit_and_comes_back_whole(hub: WritableHub, corpus: Path, tmp_path: Path):
    sent = publish(corpus, DEST)
    assert (sent.dest, sent.files, sent.verified, len(hub.commits)) == ("hf://datasets/me/tiny", 12, 12, 1)
    assert sent.result == hub.commits[0]["commit"]
    assert hub.commits[0]["title"] == "tiny 1"
    assert hub.private == {REPO}
    assert {name: data for name, data in hub.files(REPO).items() if name != ".gitattributes"} == contents(corpus)
    back = Path(snapshot_download(REPO, repo_type="dataset", local_dir=tmp_path / "back", endpoint=hub.url, token=TOKEN))
    assert (back / ".gitattributes").exists()
    assert not audit(back, strict=True).failed


def test_publishing_again_sends_nothing_and_commits_nothing(hub: WritableHub, corpus: Path):
    publish(corpus, DEST)
    uploads = list(hub.uploads)
    again = publish(corpus, DEST)
    assert (again.sent, again.verified, len(hub.commits)) == ((), 12, 1)
    assert hub.uploads == uploads


def test_another_version_sends_what_differs_and_removes_what_went(hub: WritableHub, corpus: Path, tmp_path: Path):
    publish(corpus, DEST)
    held = question("q2", images=[png(3)], split="heldout")
    rows = rows_of_a_corpus() | {"rejected-heldout": [], "sft-heldout": [traced(held, boxed("A"), n_sampled=1)]}
    rows["rl-heldout"][0] = posed(held, n_sampled=1)
    rows["rl-train"].append(posed(question("q9", images=[png(7)]), teacher="", n_sampled=0, n_correct=0))
    newer = write_corpus(tmp_path / "tiny", tmp_path / "store", rows)
    sent = publish(newer, DEST)
    assert "data/rl/train-all.parquet" in sent.sent
    assert "data/sft_text/train-all.parquet" not in sent.sent
    assert sent.removed == ("data/rejected/heldout-all.parquet",)
    assert {name: data for name, data in hub.files(REPO).items() if name != ".gitattributes"} == contents(newer)


def test_a_transfer_that_was_cut_off_goes_on_where_it_stopped(hub: WritableHub, corpus: Path):
    hub.fail_after = 3
    with pytest.raises(PublishError, match="publish again: what has arrived is not sent twice"):
        publish(corpus, DEST)
    assert hub.commits == []
    hub.fail_after = None
    publish(corpus, DEST)
    assert len(hub.uploads) == len(set(hub.uploads))
    assert len(hub.commits) == 1


def test_a_dry_run_tells_what_would_go_and_changes_nothing(hub: WritableHub, corpus: Path):
    sent = publish(corpus, DEST, dry_run=True)
    assert (len(sent.sent), sent.sent_bytes, sent.verified) == (12, sum(len(data) for data in contents(corpus).values()), 0)
    assert not [asked for asked in hub.asked if asked.startswith("POST")]
    assert hub.repos == {}


def test_what_the_hub_holds_otherwise_than_it_was_sent_is_told(hub: WritableHub, corpus: Path):
    hub.spoil = "data/sft/train-all.parquet"
    with pytest.raises(PublishError, match=r"sft/train-all\.parquet is not there with the bytes that were sent"):
        publish(corpus, DEST)


def test_a_public_repository_is_not_written_unasked(hub: WritableHub, corpus: Path):
    hub.add(REPO, {".gitattributes": b""})
    with pytest.raises(PublishError, match=r"is a public repository\. Add --public"):
        publish(corpus, DEST)
    assert publish(corpus, DEST, public=True).verified == 12


def test_a_repository_that_the_hub_makes_public_against_the_request_gets_nothing(hub: WritableHub, corpus: Path):
    hub.born_public = True
    with pytest.raises(PublishError, match="was made public"):
        publish(corpus, DEST)
    assert hub.commits == []


def test_a_public_repository_is_made_where_asked(hub: WritableHub, corpus: Path):
    publish(corpus, DEST, public=True)
    assert hub.private == set()


def test_a_repository_of_something_else_is_left_as_it_is(hub: WritableHub, corpus: Path):
    hub.add(REPO, {"model.safetensors": b"weights"})
    hub.private.add(REPO)
    with pytest.raises(PublishError, match=r"holds model\.safetensors and is no medtrace corpus"):
        publish(corpus, DEST)


def test_a_commit_of_somebody_else_in_between_is_not_overwritten(hub: WritableHub, corpus: Path):
    publish(corpus, DEST, dry_run=True)
    hub.add(REPO, {".gitattributes": b""})
    hub.private.add(REPO)

    def meddle(line: str) -> None:
        if "uploaded" in line:
            hub.add(REPO, {".gitattributes": b"", "theirs": b"1"})

    with pytest.raises(PublishError, match="commit has happened since"):
        publish(corpus, DEST, say=meddle)
    assert "theirs" in hub.files(REPO)


@pytest.mark.parametrize("token", ["hf_wrongwrongwrongwrong12", ""])
def test_a_wrong_token_is_told_and_never_shown(
    hub: WritableHub, corpus: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, token: str
):
    monkeypatch.setenv("HF_TOKEN", token)
    with caplog.at_level(logging.DEBUG):
        said = call("publish", str(corpus), DEST)
    assert said.code == 1
    assert "Check HF_TOKEN" in said.error
    assert not token or token not in said.out + said.err + caplog.text
    assert TOKEN not in said.out + said.err + caplog.text


def test_no_right_token_is_logged_either(hub: WritableHub, corpus: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        said = call("publish", str(corpus), DEST, "--json")
    assert (said.code, said.told["verified"]) == (0, 12)
    assert TOKEN not in said.out + said.err + caplog.text


@pytest.mark.parametrize("dest", ["hf://tiny", "hf://models/me/tiny/x", "hf://"])
def test_what_names_no_repository_is_refused(corpus: Path, dest: str):
    with pytest.raises(UsageError, match="Write hf://NAMESPACE/NAME"):
        publish(corpus, dest)


def test_a_damaged_corpus_is_not_published(hub: WritableHub, corpus: Path, tmp_path: Path):
    copy = detach(corpus, tmp_path / "tiny")
    (copy / "README.md").write_text("nothing")
    with pytest.raises(PublishError, match="fails its audit and is not published"):
        publish(copy, DEST)
    assert hub.repos == {}
