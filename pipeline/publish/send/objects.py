"""An object store as a destination, s3:// or gs://, through Arrow's own clients: credentials and endpoint come from the environment."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from pipeline.object_store import open_url
from pipeline.publish.send.place import LOCK, File, Say, told
from schemas.errors import UsageError

AT_ONCE = 8
CHUNK_BYTES = 8 << 20
_FAULTS = (OSError, pa.ArrowException)
_NEXT = "Check the bucket, its region and the credentials in the environment, then publish again: what has arrived is not sent twice."


class Objects:
    """A bucket, or a prefix in one."""

    remote = True

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if "@" in parts.netloc and not parts.netloc.startswith("anonymous@"):
            raise UsageError(
                "DEST holds credentials. Put them into the environment (AWS_ACCESS_KEY_ID and others) and name the bucket alone."
            )
        if not parts.netloc:
            raise UsageError(f"{url} names no bucket. Write {parts.scheme}://BUCKET/PREFIX.")
        self.name = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
        with told(f"{self.name} cannot be opened", _NEXT, *_FAULTS):
            self._files, path = open_url(url)
        self._root = path.rstrip("/")

    def listing(self) -> Mapping[str, int]:
        """What is there, by name."""
        with told(f"{self.name} cannot be listed", _NEXT, *_FAULTS):
            found = self._files.get_file_info(fs.FileSelector(self._root, recursive=True, allow_not_found=True))
        return {one.path.removeprefix(f"{self._root}/"): one.size for one in found if one.type is fs.FileType.File}

    def read(self, name: str) -> bytes:
        """A small object that is there."""
        with told(f"{self.name}/{name} cannot be read", _NEXT, *_FAULTS), self._files.open_input_stream(f"{self._root}/{name}") as stream:
            return stream.read()

    def holds(self, file: File) -> bool:
        """Whether the object has these very bytes: it is read again."""
        place = f"{self._root}/{file.name}"
        with told(f"{self.name}/{file.name} cannot be read", _NEXT, *_FAULTS):
            if self._files.get_file_info(place).size != file.size:
                return False
            digest = hashlib.sha256()
            with self._files.open_input_stream(place, buffer_size=CHUNK_BYTES) as stream:
                while data := stream.read(CHUNK_BYTES):
                    digest.update(data)
        return digest.hexdigest() == file.sha256

    def send(self, files: Sequence[File], gone: Sequence[str], title: str, say: Say) -> str:
        """Puts the objects, several at once, then the lock, then removes those that go."""
        rest, last = [file for file in files if file.name != LOCK], [file for file in files if file.name == LOCK]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for file, _ in zip(rest, pool.map(self._put, rest), strict=True):
                say(f"{file.name} sent")
        for file in last:
            self._put(file)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._remove, gone))
        return ""

    def _put(self, file: File) -> None:
        with (
            told(f"{self.name}/{file.name} cannot be written", _NEXT, *_FAULTS),
            open(file.path, "rb") as source,
            self._files.open_output_stream(f"{self._root}/{file.name}", buffer_size=CHUNK_BYTES) as stream,
        ):
            shutil.copyfileobj(source, stream, CHUNK_BYTES)

    def _remove(self, name: str) -> None:
        with told(f"{self.name}/{name} cannot be removed", _NEXT, *_FAULTS):
            self._files.delete_file(f"{self._root}/{name}")
