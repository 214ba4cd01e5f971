"""The fetch lock: which upstream files a manifest was built from, resolved and digested."""

from pydantic import BaseModel, ConfigDict


class LockedFile(BaseModel):
    """One fetched file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    sha256: str
    size: int


class LockedSource(BaseModel):
    """One fetched source: its repository at one revision."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    repo: str
    revision: str
    files: tuple[LockedFile, ...]


class FetchLock(BaseModel):
    """Everything fetched for a manifest, by the name of the source or benchmark."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int = 1
    fetched: dict[str, LockedSource] = {}
