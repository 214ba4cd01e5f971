"""The Ray runner: the same units as tasks, and as calls of an actor where a step shares a handle."""

import logging
import os
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipeline.execute import Done
from pipeline.step import Context, Handle, Step
from pipeline.store import Store
from pipeline.work import Receipt, Work, do
from schemas.errors import MedtraceError, StoreError, UnitError

MAX_RETRIES = 5
AHEAD = 2
PROBE_TIMEOUT_S = 120


def connect(address: str | None = None) -> None:
    """Joins the cluster that the address or the environment names, or starts one in this machine.

    Raises: UnitError where the cluster cannot be reached.
    """
    if ray.is_initialized():
        return
    try:
        ray.init(
            address=address,
            logging_level=logging.ERROR,
            log_to_driver=False,
            include_dashboard=False if address is None and "RAY_ADDRESS" not in os.environ else None,
        )
    except (ConnectionError, RayError, ValueError, RuntimeError) as error:
        raise UnitError(
            f"Ray cannot be joined at {address or 'this machine'}: {_line(error)}. Check RAY_ADDRESS, or use --runner local."
        ) from error


def check_shared(folders: dict[str, Path]) -> None:
    """Writes a token into each folder and reads it on every node.

    Raises: StoreError naming the node and the folder that it does not share.
    """
    for option, folder in folders.items():
        token = uuid.uuid4().hex
        probe = folder / f".probe-{token}"
        probe.write_text(token)
        try:
            for node in ray.nodes():
                if node["Alive"]:
                    _check_node(node, probe, token, option)
        finally:
            probe.unlink(missing_ok=True)


def _check_node(node: dict[str, Any], probe: Path, token: str, option: str) -> None:
    strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    name = node.get("NodeManagerAddress", node["NodeID"])
    try:
        read = ray.get(_read_probe.options(scheduling_strategy=strategy).remote(str(probe)), timeout=PROBE_TIMEOUT_S)
    except (GetTimeoutError, RayError) as error:
        raise StoreError(f"Node {name} does not answer: {_line(error)}. Remove it from the cluster or wait until it is up.") from error
    if read != token:
        raise StoreError(f"Node {name} does not see {probe.parent} as this one does. Give {option} a folder that all nodes share.")


@ray.remote(num_cpus=0, max_retries=1)
def _read_probe(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


@ray.remote(max_retries=MAX_RETRIES)
def _unit(root: Path, work: Work) -> Receipt | MedtraceError:
    """One unit in a worker; expected errors come back as values."""
    try:
        return do(work, Store(root))
    except MedtraceError as error:
        return error


@ray.remote(max_restarts=MAX_RETRIES, max_task_retries=MAX_RETRIES)
class _Keeper:
    """One handle, opened with the first unit and shared by all that follow."""

    def __init__(self, root: Path, step: Step, context: Context) -> None:
        self._store = Store(root)
        self._step = step
        self._context = context
        self._handle: Handle | None = None
        self._fault: MedtraceError | None = None
        try:
            if step.open is not None:
                self._handle = step.open(step.recipe, context)
        except MedtraceError as error:
            self._fault = error

    def do(self, work: Work) -> Receipt | MedtraceError:
        if self._fault is not None:
            return self._fault
        try:
            return do(work, self._store, self._handle)
        except MedtraceError as error:
            return error

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()


class RayRunner:
    """Does units on a Ray cluster that `connect` joined. At most `workers` tasks run at once."""

    def __init__(self, store: Store, context: Context, workers: int) -> None:
        self._store = store
        self._context = context
        self._workers = max(1, workers)
        self._flying: Counter[str] = Counter()
        self._pending: dict[Any, Work] = {}
        self._keepers: dict[str, Any] = {}

    def room(self, step: Step) -> bool:
        """Whether another unit of this step may be handed over now."""
        if step.open is not None:
            return self._flying[step.name] < step.needs.in_flight
        return self._flying[""] < self._workers * AHEAD

    def submit(self, work: Work) -> None:
        """Hands a unit over."""
        step = work.step
        self._flying[step.name if step.open else ""] += 1
        if step.open is None:
            ref = _unit.options(num_cpus=step.needs.cpus, name=work.unit).remote(self._store.root, work)
        else:
            ref = self._keeper(step).do.remote(work)
        self._pending[ref] = work

    def wait(self) -> Done:
        """The next unit to end."""
        (ref,), _ = ray.wait(list(self._pending), num_returns=1)
        work = self._pending.pop(ref)
        self._flying[work.step.name if work.step.open else ""] -= 1
        try:
            return Done(work, ray.get(ref))
        except RayTaskError as error:
            return Done(work, UnitError(f"{work.unit} failed: {_line(error.cause or error)}. What was finished is kept; build again."))
        except RayActorError as error:
            return Done(work, UnitError(f"{work.unit} lost its actor: {_line(error)}. What was finished is kept; build again."))
        except RayError as error:
            return Done(work, UnitError(f"{work.unit} lost its worker: {_line(error)}. What was finished is kept; build again."))

    def close(self) -> None:
        """Closes the handles and leaves the cluster."""
        for keeper in self._keepers.values():
            try:
                ray.get(keeper.close.remote(), timeout=PROBE_TIMEOUT_S)
            except RayError:
                continue
            finally:
                ray.kill(keeper)
        self._keepers.clear()

    def _keeper(self, step: Step) -> Any:
        if step.name not in self._keepers:
            self._keepers[step.name] = _Keeper.options(
                num_cpus=step.needs.cpus if step.needs.gpus else 0, num_gpus=step.needs.gpus, max_concurrency=step.needs.in_flight + 1
            ).remote(self._store.root, step, self._context)
        return self._keepers[step.name]


def _line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1].strip()}" if lines else type(error).__name__
