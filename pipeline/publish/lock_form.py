"""The form of a lock: what must stand in it, and of which type, before anything is read from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Strict, ValidationError


class _Form(BaseModel):
    """Values of these types and no others; more keys than these are let through."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Named(_Form):
    name: str
    fingerprint: str


class _File(_Form):
    path: str
    sha256: str


class _Dataset(_Form):
    name: str
    role: Literal["source", "benchmark"]
    title: str
    homepage: str
    license: str
    access: str
    citation: str
    revision: str
    files: list[_File]


class _Held(_Form):
    """Rows of a split, and how many of them hold each value, by facet."""

    rows: int
    source: dict[str, int] = {}
    license: dict[str, int] = {}
    modality: dict[str, int] = {}
    answer_type: dict[str, int] = {}
    teacher: dict[str, int] = {}
    model: dict[str, int] = {}
    verdict: dict[str, int] = {}
    reason: dict[str, int] = {}
    no_trace: dict[str, int] = {}


class _Shard(_Form):
    config: str
    split: str
    label: str
    path: str
    rows: int
    nbytes: int
    size: int
    sha256: str
    digest: str


class _Thumbnails(_Form):
    path: str
    rows: int
    digest: str


class _Overlaps(_Form):
    path: str
    rows: int
    digest: str
    rulings: list[int] | None = None
    thumbnails: _Thumbnails | None = None
    counts: list[Annotated[tuple[str, str, str, str, int, int, int], Strict(False)]]


class _Partial(_Form):
    finished: int
    unfinished: int


class _Takedown(_Form):
    model_config = ConfigDict(strict=True, extra="forbid")
    version: int = 1
    sources: dict[str, list[str]] = {}


class _Build(_Form):
    takedown: _Takedown | None = None
    fetched: dict[str, Any] | None = None


class _Similar(_Form):
    path: str
    rows: int
    digest: str
    counts: list[Annotated[tuple[str, int, int], Strict(False)]]


class _Lock(_Form):
    name: str
    version: str
    license: str = ""
    manifest: _Named
    verifier: str
    policy: Literal["train", "eval"]
    judge: dict[str, Any] | None = None
    medtrace: str
    libraries: dict[str, str]
    build: _Build
    datasets: list[_Dataset]
    counts: dict[str, dict[str, _Held]]
    traces: dict[str, dict[str, dict[str, int]]]
    costs: dict[str, dict[str, int]] = {}
    tallies: list[Annotated[tuple[str, str, str, int], Strict(False)]]
    partial: _Partial | None = None
    withheld: dict[str, dict[str, int]] = {}
    filled: list[str] = []
    overlaps: _Overlaps | None = None
    similar: _Similar | None = None
    shards: list[_Shard]
    files: list[_File]


def form_fault(lock: Any) -> str:
    """What in a lock is first not of its form: where, and what is wrong; '' where all is."""
    try:
        _Lock.model_validate(lock)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'all of it'}: {first['msg']}"
    return ""
