"""Joining a Ray cluster, and what is asked of its nodes before they are given work."""

import fcntl
import logging
import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ray
from ray._private import worker as ray_worker
from ray.exceptions import AuthenticationError, GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from schemas.errors import StoreError, UnitError

ANSWER_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 120.0
LEAVE_TIMEOUT_S = 30.0  # longer than the health checks by which a cluster counts a silent node as dead
LEAVE_AGAIN_S = 0.2


def connect(address: str | None = None) -> None:
    """Joins the cluster that the address, RAY_ADDRESS or this machine's last `ray start` names, or starts one here.

    Raises: UnitError where the cluster cannot be joined.
    """
    if ray.is_initialized():
        return
    named = address or os.environ.get("RAY_ADDRESS", "") or _started_here()
    if named:
        _check_answers(named)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(named or "local", logging_level=logging.ERROR, log_to_driver=False, include_dashboard=None if named else False)
    except (OSError, RayError, ValueError, RuntimeError) as error:
        raise UnitError(f"Ray cannot be joined at {named or 'this machine'}: {_reason(error)}, or use --runner local.") from error
    # What nodes report, such as a worker's death, Ray prints to stdout, where our JSON goes; no public switch stops it.
    ray_worker._worker_logs_enabled = False


def _started_here() -> str:
    """The address that `ray start` left on this machine, where that cluster is still up; '' otherwise."""
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
    try:
        address = (Path(folder) / "ray" / "ray_current_cluster").read_text().strip()
        _check_answers(address)
    except (OSError, UnitError):
        return ""
    return address


def _check_answers(address: str) -> None:
    """Fails within seconds where nothing listens: Ray itself tries for more than ten minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        if parts.hostname and parts.port:
            socket.create_connection((parts.hostname, parts.port), ANSWER_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise UnitError(f"No Ray cluster answers at {address}: {said}. Check RAY_ADDRESS, or use --runner local.") from error


def _reason(error: BaseException) -> str:
    """Why a cluster cannot be joined, and what to check."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, AuthenticationError) or "AuthenticationError" in str(found):
            return "it does not take this token. Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH as on its nodes"
        found = found.__cause__
    return f"{line(error)}. Check RAY_ADDRESS"


def gpus_there() -> int:
    """The GPUs of the cluster that `connect` joined."""
    return int(ray.cluster_resources().get("GPU", 0))


def check_shared(folders: dict[str, Path], *, locks: bool = False) -> None:
    """Writes a token into each folder, and reads it and writes beside it on every node; `locks`: also whether locks hold for all nodes.

    Raises: StoreError naming the node and the folder that it does not share.
    """
    nodes = _alive()
    for option, folder in folders.items():
        token = uuid.uuid4().hex
        probe = folder / f".probe-{token}"
        probe.write_text(token)
        try:
            with probe.open("rb") as held:
                if locks:
                    fcntl.flock(held, fcntl.LOCK_EX)
                probing = [_probe.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)) for node in nodes]
                refs = [probed.remote(str(probe), token, locks) for probed in probing]
                for node, ref in zip(nodes, refs, strict=True):
                    _check_node(node, ref, folder, option)
        finally:
            probe.unlink(missing_ok=True)


def _alive() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def _has_left(node: dict[str, Any]) -> bool:
    """Whether the cluster counts the node as dead, now or as soon as its nodes agree on it."""
    give_up = time.monotonic() + LEAVE_TIMEOUT_S
    while any(node["NodeID"] == alive["NodeID"] for alive in _alive()):
        if time.monotonic() > give_up:
            return False
        time.sleep(LEAVE_AGAIN_S)
    return True


def _check_node(node: dict[str, Any], ref: Any, folder: Path, option: str) -> None:
    """A node that left the cluster since it was listed has no say: no unit goes to it."""
    name = node.get("NodeManagerAddress", node["NodeID"])
    try:
        fault = ray.get(ref, timeout=PROBE_TIMEOUT_S)
    except RayTaskError as error:
        raise StoreError(f"Node {name} cannot run medtrace: {line(error.cause or error)}. Install it there, or submit a job.") from error
    except (GetTimeoutError, RayError) as error:
        if _has_left(node):
            return
        raise StoreError(f"Node {name} does not answer: {line(error)}. Remove it from the cluster or wait until it is up.") from error
    if fault:
        raise StoreError(f"Node {name} {fault.format(folder=folder)}. Give {option} a folder that all nodes share and may write.")


@ray.remote(num_cpus=0, max_retries=1)
def _probe(path: str, token: str, locks: bool) -> str:
    """What this node finds wrong with the folder of a probe; '' where it shares it."""
    beside = Path(f"{path}-{uuid.uuid4().hex}")
    try:
        if Path(path).read_text() != token:
            return "does not see {folder} as this one does"
    except OSError:
        return "does not see {folder} as this one does"
    try:
        beside.write_text(token)
        beside.unlink()
    except OSError as error:
        return f"cannot write {{folder}}: {error.strerror}"
    return lock_fault(Path(path)) if locks else ""


def lock_fault(held: Path) -> str:
    """What is wrong with the locks of a file that another process holds locked; '' where they hold here too."""
    try:
        with held.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    except OSError as error:
        return f"cannot lock files in {{folder}} ({error.strerror}), without which no budget holds"
    return "may lock files in {folder} that another node holds locked, so that no budget holds"


def line(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines else type(error).__name__
