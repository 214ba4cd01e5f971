"""A folder as a destination: the corpus is copied beside it, proved, and takes its place at once."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.publish.finish import swap
from pipeline.publish.send.place import File, Say, told
from pipeline.store import sync_folder
from schemas.errors import PublishError

_NEXT = "Make room or name another folder."


class Folder:
    """A folder on this machine."""

    remote = False

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.name = str(path)

    def listing(self) -> Mapping[str, int]:
        """What is there, by name."""
        if self.path.exists() and not self.path.is_dir():
            raise PublishError(f"{self.path} is a file. Name a folder.")
        found = sorted(path for path in self.path.rglob("*") if not path.is_dir()) if self.path.is_dir() else []
        return {path.relative_to(self.path).as_posix(): path.lstat().st_size for path in found}

    def read(self, name: str) -> bytes:
        """A small file that is there."""
        with told(f"{self.path / name} cannot be read", "Give read access to it, or name another folder.", OSError):
            return (self.path / name).read_bytes()

    def holds(self, file: File) -> bool:
        """Whether the file lies there with these very bytes."""
        return _is(self.path / file.name, file)

    def send(self, files: Sequence[File], gone: Sequence[str], title: str, say: Say) -> str:
        """Copies all that the corpus holds beside the folder and swaps both."""
        partial, former = self.path.parent / f".{self.path.name}.partial", self.path.parent / f".{self.path.name}.former"
        with told(f"{self.path} cannot be written", _NEXT, OSError):
            if former.exists() and not self.path.exists():
                os.rename(former, self.path)
            shutil.rmtree(former, ignore_errors=True)
            names = {file.name for file in files}
            for stale in [path for path in partial.rglob("*") if path.is_file() and path.relative_to(partial).as_posix() not in names]:
                stale.unlink()
            for file in files:
                if not _is(partial / file.name, file):
                    _copy(file.path, partial / file.name)
                if not _is(partial / file.name, file):
                    raise PublishError(f"{file.path} arrived in {partial} with other bytes. Check both disks, then publish again.")
            for inner in sorted(path for path in partial.rglob("*") if path.is_dir()):
                sync_folder(inner)
            if self.path.is_dir() and not any(self.path.iterdir()):
                self.path.rmdir()
            swap(partial, self.path, former)
            shutil.rmtree(partial, ignore_errors=True)
        return ""


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.half")
    shutil.copyfile(source, half)
    with half.open("rb") as stream:
        os.fsync(stream.fileno())
    half.replace(target)


def _is(path: Path, file: File) -> bool:
    if not path.is_file() or path.is_symlink() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
