"""Publishing to folders and object stores, and what may not be published at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jobs.redact import Wanted
from jobs.redact import run as redact
from pipeline.publish.audit import audit
from pipeline.publish.corpus import read_corpus
from pipeline.publish.redact import brought_back
from pipeline.publish.send import folder as folders
from pipeline.publish.send.objects import Objects
from pipeline.publish.send.run import publish
from pipeline.takedown import NOTHING
from schemas.errors import PublishError, UsageError
from tests.fixtures import google_store
from tests.fixtures.corpora import FACTS, MANIFEST, boxed, detach, posed, question, traced, write_corpus
from tests.fixtures.local_build import call, contents

moto = pytest.importorskip("moto.server", reason="the extra dev brings moto")

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCY"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newer")
    return write_corpus(folder / "tiny", folder / "store", {"rl-train": [posed(question("q9"), teacher="", n_sampled=0, n_correct=0)]})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    served = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    served.start()
    host, port = served.get_host_and_port()
    yield f"http://{host}:{port}"
    served.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh bucket of moto's server, as Arrow and a person find it: through the environment."""
    import httpx2

    for name, value in (
        ("ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("SECRET_ACCESS_KEY", SECRET),
        ("REGION", "us-east-1"),
        ("ENDPOINT_URL", server),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    httpx2.post(f"{server}/moto-api/reset").raise_for_status()
    httpx2.put(f"{server}/corpora").raise_for_status()
    return "s3://corpora/open/tiny"


def objects(url: str) -> dict[str, bytes]:
    """Every object below a prefix."""
    place = Objects(url)
    return {name: place.read(name) for name in place.listing()}


def test_a_corpus_in_a_bucket_is_the_corpus(bucket: str, corpus: Path):
    sent = publish(corpus, bucket)
    assert (sent.dest, sent.files, sent.verified) == (bucket, 12, 12)
    assert objects(bucket) == contents(corpus)


def test_a_corpus_in_a_bucket_of_google_is_the_corpus_and_gives_way_to_the_next(corpus: Path, newer: Path, monkeypatch: pytest.MonkeyPatch):
    with google_store.serving() as url:
        for name, value in google_store.environment(url).items():
            monkeypatch.setenv(name, value)
        dest = f"gs://{google_store.BUCKET}/open/tiny"
        sent = publish(corpus, dest)
        assert (sent.dest, sent.files, sent.verified) == (dest, 12, 12)
        assert objects(dest) == contents(corpus)
        assert publish(corpus, dest).sent == ()
        publish(newer, dest)
        assert objects(dest) == contents(newer)


def test_what_lies_in_the_bucket_already_is_not_sent_again(bucket: str, corpus: Path):
    publish(corpus, bucket)
    assert publish(corpus, bucket).sent == ()


def test_a_half_sent_corpus_is_completed(bucket: str, corpus: Path, monkeypatch: pytest.MonkeyPatch):
    real = Objects._put

    def dies(self: Objects, file: Any) -> None:
        if "rejected" in file.name:
            raise PublishError("the line is cut")
        real(self, file)

    monkeypatch.setattr(Objects, "_put", dies)
    with pytest.raises(PublishError, match="cut"):
        publish(corpus, bucket)
    arrived = set(objects(bucket))
    assert arrived
    assert "lock.json" not in arrived
    monkeypatch.setattr(Objects, "_put", real)
    assert not set(publish(corpus, bucket).sent) & arrived
    assert objects(bucket) == contents(corpus)


def test_an_object_with_other_bytes_of_the_same_size_is_sent_again(bucket: str, corpus: Path):
    publish(corpus, bucket)
    place = Objects(bucket)
    data = bytearray(place.read("README.md"))
    data[0] ^= 1
    with place._files.open_output_stream("corpora/open/tiny/README.md") as stream:
        stream.write(bytes(data))
    assert publish(corpus, bucket).sent == ("README.md",)
    assert objects(bucket) == contents(corpus)


def test_another_version_takes_the_place_of_the_old_one(bucket: str, corpus: Path, newer: Path):
    publish(corpus, bucket)
    assert "data/sft/train-all.parquet" in publish(newer, bucket).removed
    assert objects(bucket) == contents(newer)


def test_what_is_no_corpus_of_ours_is_left_as_it_is(bucket: str, corpus: Path):
    with Objects("s3://corpora")._files.open_output_stream("corpora/open/tiny/thesis.tex") as stream:
        stream.write(b"years of work")
    with pytest.raises(PublishError, match=r"holds thesis\.tex and is no medtrace corpus"):
        publish(corpus, bucket)
    assert set(objects(bucket)) == {"thesis.tex"}


def test_a_bucket_that_is_not_there_is_one_sentence_without_a_key(bucket: str, corpus: Path):
    said = call("publish", str(corpus), "s3://missing/tiny")
    assert said.code == 1
    assert "s3://missing/tiny" in said.error
    assert SECRET not in said.out + said.err


def test_credentials_in_the_destination_are_refused_and_not_repeated(corpus: Path):
    said = call("publish", str(corpus), f"s3://AKIAIOSFODNN7EXAMPLE:{SECRET}@corpora/tiny")
    assert "Put them into the environment" in said.error
    assert SECRET not in said.out + said.err


def test_a_folder_takes_a_corpus_whole_and_replaces_an_older_one_at_once(corpus: Path, newer: Path, tmp_path: Path):
    dest = tmp_path / "shared" / "tiny"
    assert publish(corpus, str(dest)).verified == 12
    assert contents(dest) == contents(corpus)
    publish(newer, str(dest))
    assert contents(dest) == contents(newer)
    assert not audit(dest, strict=True).failed
    assert [path.name for path in dest.parent.iterdir()] == ["tiny"]


def test_a_copy_that_was_cut_off_leaves_the_old_corpus_and_goes_on(
    corpus: Path, newer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dest = tmp_path / "tiny"
    publish(newer, str(dest))
    copied: list[str] = []
    real = folders.shutil.copyfile

    def copy(source: Path, target: Path) -> None:
        copied.append(source.name)
        if len(copied) == 4:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(folders.shutil, "copyfile", copy)
    with pytest.raises(PublishError, match="No space left on device"):
        publish(corpus, str(dest))
    assert contents(dest) == contents(newer)
    publish(corpus, str(dest))
    assert contents(dest) == contents(corpus)
    assert len(copied) == 13


def test_a_folder_behind_a_link_takes_a_corpus_where_the_link_leads(corpus: Path, newer: Path, tmp_path: Path):
    (tmp_path / "large" / "tiny").mkdir(parents=True)
    (tmp_path / "tiny").symlink_to(tmp_path / "large" / "tiny")
    for one in (corpus, newer):
        publish(one, str(tmp_path / "tiny"))
        assert contents(tmp_path / "large" / "tiny") == contents(one)
    assert (tmp_path / "tiny").is_symlink()
    assert [path.name for path in (tmp_path / "large").iterdir()] == ["tiny"]


def test_what_a_publishing_that_died_while_it_tidied_up_left_is_in_nobodys_way(corpus: Path, newer: Path, tmp_path: Path):
    dest = tmp_path / "tiny"
    publish(corpus, str(dest))
    detach(corpus, tmp_path / ".tiny.former")
    publish(newer, str(dest))
    assert contents(dest) == contents(newer)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_rows_that_were_taken_down_there_are_not_brought_back(corpus: Path, tmp_path: Path):
    dest, less = str(tmp_path / "there"), detach(corpus, tmp_path / "less")
    taken = Wanted("quiz", rows=("q4",))
    redact(less, taken, less, None, None, say=lambda line: None)
    publish(less, dest)
    before = contents(tmp_path / "there")
    with pytest.raises(PublishError, match=r"taken down, of which .* holds 1; nothing is replaced"):
        publish(corpus, dest)
    assert contents(tmp_path / "there") == before
    again = detach(corpus, tmp_path / "again")
    redact(again, taken, again, None, None, say=lambda line: None)
    assert publish(again, dest).verified


def test_a_question_that_is_not_in_rl_is_not_brought_back_either(tmp_path: Path):
    asked = question("q3", gold=1)
    thinned = write_corpus(tmp_path / "tiny", tmp_path / "store", {"sft-train": [traced(asked, boxed("B"))], "rl-train": []})
    held = read_corpus(thinned)
    assert brought_back(held, NOTHING.plus("quiz", ["q3"])) == 1
    assert brought_back(held, NOTHING.plus("quiz", ["q4"])) == 0


def test_a_dry_run_makes_no_folder(corpus: Path, tmp_path: Path):
    said = call("publish", str(corpus), str(tmp_path / "tiny"), "--dry-run", "--json")
    assert (said.code, len(said.told["sent"]), said.told["dry_run"]) == (0, 12, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_within_the_corpus_or_of_other_things_is_refused(corpus: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="lie in one another"):
        publish(corpus, str(corpus / "copy"))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PublishError, match=r"holds notes\.txt"):
        publish(corpus, str(tmp_path))


def test_the_corpus_of_another_manifest_is_not_replaced(corpus: Path, tmp_path: Path):
    text = MANIFEST.replace('name = "tiny"', 'name = "other"')
    other = write_corpus(tmp_path / "other", tmp_path / "store", manifest_text=text)
    with pytest.raises(PublishError, match="holds the corpus other, not tiny"):
        publish(corpus, str(other))


def test_an_unknown_scheme_is_refused(corpus: Path):
    with pytest.raises(UsageError, match="s3:///tiny names no bucket"):
        publish(corpus, "s3:///tiny")
    with pytest.raises(UsageError, match="ftp:// is no destination"):
        publish(corpus, "ftp://somewhere/tiny")
    assert urlsplit("ftp://somewhere").scheme == "ftp"


def test_a_damaged_corpus_goes_nowhere(corpus: Path, tmp_path: Path):
    copy = detach(corpus, tmp_path / "tiny")
    (copy / "data/rl/train-all.parquet").unlink()
    with pytest.raises(PublishError, match=r"fails its audit and is not published \(files: missing file"):
        publish(copy, str(tmp_path / "dest"))
    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"access": "credentialed"}, "its access is credentialed"),
        ({"access": "registered"}, "its access is registered"),
        ({"license": "CC-BY-ND-4.0"}, r"its licence CC-BY-ND-4\.0 permits no changed copies"),
        ({"license": "LicenseRef-terms"}, "what its licence LicenseRef-terms allows is not known"),
    ],
)
def test_what_a_source_forbids_leaves_this_machine_only_where_its_terms_are_said_to_permit_it(
    bucket: str, tmp_path: Path, facts: dict[str, str], reason: str
):
    held = {"quiz": FACTS["quiz"].__class__(**{**vars(FACTS["quiz"]), **facts})}
    text = MANIFEST.replace('"CC-BY-4.0"', f'"{facts.get("license", "CC-BY-4.0")}"\naccess = "{facts.get("access", "open")}"')
    rows = {"rl-train": [posed(question("q1"), teacher="", n_sampled=0, n_correct=0) | {"license": facts.get("license", "CC-BY-4.0")}]}
    closed = write_corpus(tmp_path / "tiny", tmp_path / "store", rows, facts=held, manifest_text=text)
    with pytest.raises(PublishError, match=f"quiz: {reason}.*--permit quiz"):
        publish(closed, bucket)
    assert objects(bucket) == {}
    assert publish(closed, bucket, permitted=["quiz"]).verified
    assert publish(closed, str(tmp_path / "here")).verified


def test_rows_that_identify_persons_go_nowhere_unasked(bucket: str, tmp_path: Path):
    stem = "Mr. Harold Byron, MRN: 48213977, was admitted on 03/04/2019. What is it?"
    rows = {"rl-train": [posed(question("q1", stem=stem), teacher="", n_sampled=0, n_correct=0)]}
    text = MANIFEST.replace('license = "CC-BY-4.0"', 'license = "CC-BY-4.0"\nmay_send = true')
    held = write_corpus(tmp_path / "tiny", tmp_path / "store", rows)
    with pytest.raises(PublishError, match="quiz: rows of it hold identifiers of persons") as refused:
        publish(held, bucket)
    assert "Byron" not in str(refused.value)
    assert publish(write_corpus(tmp_path / "may", tmp_path / "s2", rows, manifest_text=text), bucket).verified


def test_only_a_source_that_is_there_can_be_permitted(bucket: str, corpus: Path):
    with pytest.raises(UsageError, match="--permit mimic: the corpus has no such source, only quiz"):
        publish(corpus, bucket, permitted=["mimic"])
