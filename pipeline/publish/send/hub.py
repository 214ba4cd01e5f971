"""A dataset repository of the Hugging Face Hub as a destination: one commit, or few, private unless asked otherwise."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import disable_progress_bars

from pipeline.publish.send.place import LOCK, File, Say, told
from schemas.errors import PublishError, UsageError

COMMIT_FILES = 1000
_FAULTS = (HfHubHTTPError, HFValidationError, httpx2.HTTPError, OSError, ValueError, RuntimeError)
_NEXT = "Check HF_TOKEN (it must be able to write) and the network, then publish again: what has arrived is not sent twice."
_REPO = re.compile(r"hf://(?:datasets/)?(?P<repo>[\w.-]+/[\w.-]+)/?")


class Hub:
    """A dataset repository."""

    remote = True

    def __init__(self, url: str, *, public: bool) -> None:
        found = _REPO.fullmatch(url)
        if not found:
            raise UsageError(f"{url} names no dataset repository. Write hf://NAMESPACE/NAME.")
        self.name = f"hf://datasets/{found['repo']}"
        self._repo, self._public = found["repo"], public
        self._api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=os.environ.get("HF_TOKEN") or None)
        self._head: str | None = None
        self._there: dict[str, RepoFile] = {}
        disable_progress_bars()

    def listing(self) -> Mapping[str, int]:
        """What the repository holds at its head; empty where there is none yet.

        Raises: PublishError where it is public and that was not asked for.
        """
        with told(f"{self.name} cannot be listed", _NEXT, *_FAULTS):
            try:
                info = self._api.dataset_info(self._repo)
            except RepositoryNotFoundError:
                return {}
            if not info.private and not self._public:
                raise PublishError(
                    f"{self.name} is a public repository. Add --public if everyone may read the corpus, or name another one."
                )
            self._look(info.sha)
        return {name: item.size for name, item in self._there.items()}

    def read(self, name: str) -> bytes:
        """A small file of the head."""
        with told(f"{self.name}/{name} cannot be read", _NEXT, *_FAULTS):
            return Path(self._api.hf_hub_download(self._repo, name, repo_type="dataset", revision=self._head)).read_bytes()

    def holds(self, file: File) -> bool:
        """Whether the head names these very bytes: by the sha256 that the Hub states of a large file, by git's hash of a small one."""
        item = self._there.get(file.name)
        if item is None or item.size != file.size:
            return False
        return item.lfs.sha256 == file.sha256 if item.lfs else item.blob_id == _blob(file)

    def send(self, files: Sequence[File], gone: Sequence[str], title: str, say: Say) -> str:
        """Uploads and commits, up to 1,000 files at a time, the lock and what goes in the last commit; returns its hash."""
        with told(f"{self.name} cannot be written", _NEXT, *_FAULTS):
            if self._head is None:
                self._api.create_repo(self._repo, repo_type="dataset", private=not self._public, exist_ok=True)
                info = self._api.dataset_info(self._repo)
                if not info.private and not self._public:
                    raise PublishError(f"{self.name} was made public. Make it private at the Hub, or add --public.")
                self._head = info.sha
            for start in range(0, len(files), COMMIT_FILES):
                part = files[start : start + COMMIT_FILES]
                last = start + COMMIT_FILES >= len(files)
                self._commit(part, gone if last else (), title if last else f"{title}: {start + 1:,} to {start + len(part):,}", say)
            if not files and gone:
                self._commit((), gone, title, say)
            self._look(self._head)
        return self._head or ""

    def _commit(self, files: Sequence[File], gone: Sequence[str], title: str, say: Say) -> None:
        adds = [CommitOperationAdd(file.name, str(file.path)) for file in sorted(files, key=lambda file: file.name == LOCK)]
        say(f"{len(files):,} files are uploaded")
        made = self._api.create_commit(
            self._repo,
            [*adds, *(CommitOperationDelete(name) for name in gone)],
            commit_message=title,
            repo_type="dataset",
            parent_commit=self._head,
        )
        self._head = made.oid

    def _look(self, revision: str | None) -> None:
        tree = self._api.list_repo_tree(self._repo, recursive=True, revision=revision, repo_type="dataset")
        self._head, self._there = revision, {item.path: item for item in tree if isinstance(item, RepoFile)}


def _blob(file: File) -> str:
    """Git's hash of a file."""
    blob = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    with open(file.path, "rb") as stream:
        while data := stream.read(1 << 20):
            blob.update(data)
    return blob.hexdigest()
