"""The Ray runner: the same units as tasks, and as calls of an actor where a step shares a handle."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray.exceptions import ActorDiedError, RayActorError, RayError, RayTaskError

from pipeline.graph import Done
from pipeline.join_ray import line
from pipeline.models.limits import Grant, LocalLimits, Rates
from pipeline.step import Answered, Context, Handle, Step
from pipeline.store import Store
from pipeline.work import Receipt, Work, do
from schemas.errors import EngineError, MedtraceError, UnitError

MAX_RETRIES = 5
AHEAD = 2
CLOSE_TIMEOUT_S = 75.0  # longer than a handle waits for answers that are under way, and paid
LIMITS_AGAIN_S = 1.0


@ray.remote(max_retries=MAX_RETRIES)
def _unit(root: Path, work: Work) -> Receipt | MedtraceError:
    """One unit in a worker."""
    return _outcome(work, lambda: do(work, Store(root)))


def _outcome(work: Work, call: Callable[[], Receipt]) -> Receipt | MedtraceError:
    """What a call gives; errors come back as values, for what is raised Ray would tell with its traceback."""
    try:
        return call()
    except MedtraceError as error:
        return error
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in an engine is no Exception, and would end the worker
        return UnitError(f"{work.unit} failed: {line(error)}. What was finished is kept; build again.")


@ray.remote(max_restarts=MAX_RETRIES, max_task_retries=MAX_RETRIES)
class _Keeper:
    """One handle, opened with the first unit and shared by all that follow; after a death it is opened anew."""

    def __init__(self, root: Path, step: Step, context: Context) -> None:
        self._store = Store(root)
        self._handle: Handle | None = None
        self._fault: MedtraceError | None = None
        try:
            if step.open is not None:
                self._handle = step.open(step.recipe, context)
        except MedtraceError as error:
            self._fault = error
        except Exception as error:
            self._fault = UnitError(f"{step.name} cannot be opened: {line(error)}. What was finished is kept.")

    def do(self, work: Work) -> Receipt | MedtraceError:
        if self._fault is not None:
            return self._fault
        outcome = _outcome(work, lambda: do(work, self._store, self._handle))
        if isinstance(outcome, EngineError):
            os._exit(1)  # Ray starts the actor anew, here or elsewhere, and gives it the units that it had
        return outcome

    def answers(self) -> Answered:
        return getattr(self._handle, "told", Answered())

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()


@ray.remote(max_restarts=-1, max_task_retries=-1, num_cpus=0)
class _Limits:
    """The limits of all endpoints, kept at one place of the cluster."""

    def __init__(self) -> None:
        self._kept = LocalLimits()

    def take(self, name: str, rates: Rates, estimates: Sequence[int], refund: int) -> Grant:
        return self._kept.take_now(name, rates, estimates, refund)

    def settle(self, name: str, requests: int, tokens: int) -> None:
        self._kept.settle_now(name, requests, tokens)


class _SharedLimits:
    """The way of a handle to them, in slices: one call leaves a whole window of requests go.

    It knows the actor by its name: a handle to it among an actor's arguments could not be had again after a death.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: Any = None

    @property
    def _actor(self) -> Any:
        if self._found is None:
            self._found = ray.get_actor(self._name)
        return self._found

    def __reduce__(self) -> tuple[Any, ...]:
        return _SharedLimits, (self._name,)

    async def take(self, name: str, rates: Rates, estimates: Sequence[int], refund: int = 0) -> Grant:
        """As in `Limits`; while they cannot be reached nothing goes."""
        try:
            return await self._actor.take.remote(name, rates, list(estimates), refund)
        except (RayError, ValueError):
            return Grant(0, LIMITS_AGAIN_S)

    async def settle(self, name: str, requests: int, tokens: int) -> None:
        """As in `Limits`; what cannot be given back refills with time."""
        with suppress(RayError, ValueError):
            await self._actor.settle.remote(name, requests, tokens)


class _Place(NamedTuple):
    """One of the actors that hold handles of one name."""

    handle: str
    place: int


class RayRunner:
    """Does units on the Ray cluster that `connect` joined; at most `workers` tasks at once, else as many as it has CPUs."""

    def __init__(self, store: Store, context: Context, workers: int | None = None) -> None:
        self._store = store
        self._context = context
        self._limit = int(ray.cluster_resources().get("CPU", 1)) * AHEAD if workers is None else max(1, workers)
        self._flying: Counter[str] = Counter()
        self._pending: dict[Any, tuple[Work, _Place | None]] = {}
        self._busy: Counter[_Place] = Counter()
        self._keepers: dict[_Place, Any] = {}
        self._asked: dict[_Place, Any] = {}
        self._told: dict[_Place, Answered] = {}
        self._limits: Any = None
        self._shared: _SharedLimits | None = None

    def room(self, step: Step) -> bool:
        """Whether another unit of this step may be handed over now."""
        if step.open is not None:
            return self._flying[step.handle] < step.needs.in_flight * step.needs.actors
        return self._flying[""] < self._limit

    def submit(self, work: Work) -> None:
        """Hands a unit over."""
        step = work.step
        self._flying[step.handle] += 1
        if step.open is None:
            ref, place = _unit.options(num_cpus=step.needs.cpus, name=work.unit).remote(self._store.root, work), None
        else:
            place = min((_Place(step.handle, index) for index in range(step.needs.actors)), key=lambda one: self._busy[one])
            self._busy[place] += 1
            ref = self._keeper(step, place).do.remote(work)
        self._pending[ref] = work, place

    def wait(self) -> Done:
        """The next unit to end."""
        (ref,), _ = ray.wait(list(self._pending), num_returns=1)
        work, place = self._pending.pop(ref)
        if place is not None:
            self._busy[place] -= 1
        self._flying[work.step.handle] -= 1
        try:
            return Done(work, ray.get(ref))
        except RayTaskError as error:
            said = f"failed: {line(error.cause or error)}"
        except (ActorDiedError, RayActorError) as error:
            said = f"lost its actor more than {MAX_RETRIES} times: {line(error)}"
        except RayError as error:
            said = f"lost its worker more than {MAX_RETRIES} times: {line(error)}"
        return Done(work, UnitError(f"{work.unit} {said}. What was finished is kept; build again."))

    def answers(self) -> Mapping[str, Answered]:
        """What the models that are open were asked for and answered, as their actors last said, by handle."""
        for place, keeper in list(self._keepers.items()):
            try:
                if place not in self._asked:
                    self._asked[place] = keeper.answers.remote()
                if ray.wait([self._asked[place]], timeout=0)[0]:
                    self._told[place] = ray.get(self._asked.pop(place))
            except RayError:
                continue
        told: dict[str, Answered] = {}
        for place, counts in self._told.items():
            told[place.handle] = Answered(*map(sum, zip(told.get(place.handle, Answered()), counts, strict=True)))
        return told

    def close(self) -> None:
        """Cancels what still runs, closes the handles and ends their actors."""
        for ref, (work, _) in self._pending.items():
            if work.step.open is None:
                ray.cancel(ref)
        self._pending.clear()
        keepers = list(self._keepers.values())
        self._keepers.clear()
        if keepers:
            ray.wait([keeper.close.remote() for keeper in keepers], num_returns=len(keepers), timeout=CLOSE_TIMEOUT_S)
        limits, self._limits = self._limits, None
        for actor in keepers if limits is None else [*keepers, limits]:
            ray.kill(actor)

    def _keeper(self, step: Step, place: _Place) -> Any:
        if self._limits is None:
            name = f"medtrace limits {uuid.uuid4().hex}"
            self._limits, self._shared = _Limits.options(name=name).remote(), _SharedLimits(name)
        if place not in self._keepers:
            context = replace(self._context, limits=self._shared)
            self._keepers[place] = _Keeper.options(
                num_cpus=step.needs.cpus if step.needs.gpus else 0, num_gpus=step.needs.gpus, max_concurrency=step.needs.in_flight + 2
            ).remote(self._store.root, step, context)
        return self._keepers[place]
