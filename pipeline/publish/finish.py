"""Finishing: stored tables become a corpus folder, whole or not at all."""

import ctypes
import errno
import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.publish.bounded import pieces
from pipeline.publish.card import render_card
from pipeline.publish.corpus import check_outside, corpus_of, read_corpus
from pipeline.publish.croissant import CROISSANT, render_croissant
from pipeline.publish.layout import SHARD_BYTES, shard_path
from pipeline.publish.lock import FORMAT, Filed, Shard, SourceFacts, make_lock
from pipeline.publish.overlaps import OVERLAPS, THUMBNAILS, Evidence
from pipeline.publish.report.page import REPORT, render_report
from pipeline.publish.similar import SIMILAR
from pipeline.publish.texts import MACHINE_PATH
from pipeline.store import sync_folder
from schemas.corpus import CONFIGS
from schemas.errors import StoreError
from schemas.manifest import Manifest

__all__ = ["FORMAT", "Shard", "SourceFacts", "finish", "portable", "swap"]

_PATH = re.compile(r"""(\bpath["']?\s*=\s*)("([^"\\\n]|\\.)*"|'[^'\n]*')""")
_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:[\\/]|\\\\|file:")
_SHORTENED = "  # only the last part of the path is kept"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def finish(
    out: Path,
    shards: Sequence[Shard],
    tallies: pa.Table,
    manifest: Manifest,
    manifest_text: str,
    manifest_name: str,
    facts: Mapping[str, SourceFacts],
    build: Mapping[str, Any],
    overlaps: Evidence | None = None,
    similar: Path | None = None,
    filled: Sequence[str] = (),
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Lays a corpus out at `out`: shards (hard links where the disk allows), card, manifest, lock, and what was found beside the rows.

    It is made beside `out` and takes its place at once. `build` goes into the lock as it is. `overlaps`: the stored
    findings and their thumbnails, None where no benchmark is named; `similar`: the stored pairs in nearly the same words, None
    where none was looked for. `filled`: sources whose withheld pictures were put back; a table whose file is larger than
    `shard_bytes` goes out as several.
    Raises: StoreError where `out` holds something else or cannot be written, or a stored shard is gone.
    """
    out = out.resolve()
    partial, former = out.parent / f".{out.name}.partial", out.parent / f".{out.name}.former"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if former.exists() and not out.exists():
            os.rename(former, out)
        check_replaceable(out, manifest.name)
        for leftover in (partial, former):
            shutil.rmtree(leftover, ignore_errors=True)
        _lay_out(
            partial, _ordered(shards), tallies, manifest, manifest_text, manifest_name, facts, build, overlaps, similar, filled, shard_bytes
        )
        swap(partial, out, former)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}. Make room or choose another folder with --out.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_replaceable(out: Path, name: str) -> None:
    """Fails where a corpus must not be put: what it replaces is removed.

    Raises: StoreError where `out` is a file, a folder with other things than a corpus of ours, another manifest's corpus,
    or a corpus beside which something was put.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    lock = _lock_of(out) if out.is_dir() else None
    if lock is None:
        kind = "a folder that is no medtrace corpus" if out.is_dir() else "a file"
    elif lock.get("name") != name:
        kind = f"the corpus of another manifest ({lock.get('name')})"
    else:
        named = {one["path"] for part in ("files", "shards") for one in lock.get(part, ())} | {"lock.json"}
        others = sorted(found for path in out.rglob("*") if not path.is_dir() and (found := path.relative_to(out).as_posix()) not in named)
        if not others:
            return
        kind = f"a corpus that also holds {others[0]}, which no build wrote"
    raise StoreError(f"{out} is {kind}, and is left as it is. Choose another folder with --out, or move it away.")


def is_corpus(folder: Path) -> bool:
    """Whether a folder holds a lock of ours."""
    return _lock_of(folder) is not None


def _lock_of(folder: Path) -> dict[str, Any] | None:
    try:
        lock = json.loads((folder / "lock.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(lock, dict) and str(lock.get("format", "")).split("/")[0] == FORMAT.split("/")[0]
    return lock if ours else None


def portable(manifest_text: str) -> str:
    """A manifest's text with absolute paths cut to their last part, each with a comment that says so."""
    text = "".join(_portable_line(line) for line in manifest_text.splitlines(keepends=True))
    try:
        asked = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text  # a piece of a manifest: only whole ones have paths over several lines
    for dataset in (*asked.get("source", ()), *asked.get("benchmark", ())):
        path = str(dataset.get("path", ""))
        if _ABSOLUTE.match(path):
            text = text.replace(path, _last(path))
    return text


def _portable_line(line: str) -> str:
    if line.lstrip().startswith("#"):
        return MACHINE_PATH.sub(lambda found: _last(found[0]), line)
    shortened = _PATH.sub(_last_part, line)
    if shortened == line:
        return line
    body = shortened.rstrip("\r\n")
    return body + _SHORTENED + shortened[len(body) :]


def _last_part(found: re.Match[str]) -> str:
    value = found[2][1:-1]
    if not _ABSOLUTE.match(value):
        return found[0]
    return f"{found[1]}{found[2][0]}{_last(value)}{found[2][0]}"


def _last(path: str) -> str:
    parts = [part for part in re.split(r"[\\/]+", path) if part]
    return parts[-1] if parts else "."


def _ordered(shards: Sequence[Shard]) -> list[Shard]:
    """The shards that hold rows: by config, train first, by label."""
    configs = list(CONFIGS)
    kept = [shard for shard in shards if shard.rows]
    return sorted(kept, key=lambda shard: (configs.index(shard.config), shard.split != "train", shard.label))


def _lay_out(
    folder: Path,
    shards: Sequence[Shard],
    tallies: pa.Table,
    manifest: Manifest,
    manifest_text: str,
    manifest_name: str,
    facts: Mapping[str, SourceFacts],
    build: Mapping[str, Any],
    overlaps: Evidence | None,
    similar: Path | None,
    filled: Sequence[str],
    shard_bytes: int,
) -> None:
    filed: list[tuple[Shard, Filed]] = []
    chunked = manifest.publish.content_defined_chunking
    for piece in (piece for shard in shards for piece in pieces(shard, folder, shard_bytes, chunked=chunked)):
        name = shard_path(piece.config, piece.split, piece.label)
        if piece.path != folder / name:
            _place(piece.path, folder / name)
        filed.append((piece, file_of(folder, name)))
    tables = {OVERLAPS: overlaps.overlaps, THUMBNAILS: overlaps.thumbnails} if overlaps else {}
    tables |= {SIMILAR: similar} if similar else {}
    for name, path in tables.items():
        _place(path, folder / name)
    lock = make_lock(manifest, Path(manifest_name).name, filed, tallies, facts, build, overlaps, similar, filled)
    _write(folder / "manifest.toml", portable(manifest_text))
    _write(folder / "README.md", render_card(lock, manifest))
    _write(folder / CROISSANT, render_croissant(lock, manifest))
    _write(folder / REPORT, render_report(corpus_of(folder, lock, manifest)))
    beside = [file_of(folder, name) for name in ("README.md", CROISSANT, "manifest.toml", REPORT, *tables)]
    lock["files"] = [{"path": one.path, "sha256": one.sha256, "size": one.size} for one in beside]
    _write(folder / "lock.json", _lock_text(lock))
    for inner in sorted(path for path in folder.rglob("*") if path.is_dir()):
        sync_folder(inner)
    sync_folder(folder)


def renew_report(corpus: Path, out: Path | None = None) -> Path:
    """Makes the report of a corpus anew, beside it or at `out`; returns where. Beside it, the lock names its new bytes.

    Raises: CorpusError where the corpus cannot be read; UsageError where `out` is another place in it; StoreError where the report
    cannot be written.
    """
    held = read_corpus(corpus)
    path = out or corpus / REPORT
    beside = path.resolve() == (corpus / REPORT).resolve()
    if not beside:
        check_outside(path, corpus)
    page = render_report(held)
    try:
        _replace(path, page)
        if beside:
            named = [one for one in held.lock["files"] if one["path"] != REPORT]
            one = file_of(corpus, REPORT)
            named.insert(3, {"path": one.path, "sha256": one.sha256, "size": one.size})
            _replace(corpus / "lock.json", _lock_text({**held.lock, "files": named}))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}. Make room or choose another file with --out.") from error
    return path


def _lock_text(lock: Mapping[str, Any]) -> str:
    return json.dumps(lock, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def _replace(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    half = path.with_name(f".{path.name}.half")
    try:
        _write(half, text)
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def file_of(folder: Path, name: str) -> Filed:
    """What the bytes of a file of a corpus are."""
    with open(folder / name, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Filed(name, digest, (folder / name).stat().st_size)


def _place(stored: Path, path: Path) -> None:
    """Links a stored file, or copies it where links cannot be made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(stored, path)
    except FileNotFoundError as error:
        raise StoreError(f"{stored} is no longer in the store. Build again: its unit will be redone.") from error
    except OSError:
        shutil.copyfile(stored, path)
        with open(path, "rb") as file:
            os.fsync(file.fileno())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def swap(partial: Path, out: Path, former: Path) -> None:
    """Puts a finished folder in the place of the old one, which is then removed."""
    if not out.exists():
        os.rename(partial, out)
    elif _exchange(partial, out):
        os.rename(partial, former)
    else:
        os.rename(out, former)
        try:
            os.rename(partial, out)
        except OSError:
            os.rename(former, out)
            raise
    sync_folder(out.parent)
    shutil.rmtree(former, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two folders in one operation of the kernel; False where it has none (then a reader may miss both for an instant)."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), str(other))
