"""The local runner: a pool of processes for stages, threads for steps that share a handle."""

import multiprocessing
import os
import queue
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Lock

from pipeline.graph import Done
from pipeline.step import Answered, Context, Handle, Step
from pipeline.store import Store
from pipeline.work import Receipt, Work, do
from schemas.errors import EngineError, MedtraceError, UnitError

MAX_ATTEMPTS = 4
AHEAD = 2


def available_cpus() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalRunner:
    """Does units on this machine. `workers=0` does them one by one in this process."""

    def __init__(self, store: Store, context: Context, workers: int) -> None:
        self._store = store
        self._context = context
        self._workers = workers
        self._ended: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._flying: Counter[str] = Counter()
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._retries = ThreadPoolExecutor(1, thread_name_prefix="retries")
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._handles: dict[str, Handle | MedtraceError] = {}
        self._opening = Lock()
        self._closing = False

    def room(self, step: Step) -> bool:
        """Whether another unit of this step may be handed over now."""
        with self._lock:
            if step.open is not None:
                return self._flying[step.handle] < step.needs.in_flight
            return self._flying[""] < (self._workers * AHEAD or 1)

    def submit(self, work: Work) -> None:
        """Hands a unit over."""
        with self._lock:
            self._flying[work.step.handle] += 1
        if work.step.open is not None:
            self._thread(work.step).submit(self._with_handle, work)
        elif self._workers == 0:
            self._end(work, self._try(work, None))
        else:
            self._to_pool(work)

    def wait(self) -> Done:
        """The next unit to end."""
        done = self._ended.get()
        with self._lock:
            self._flying[done.work.step.handle] -= 1
        return done

    def answers(self) -> Mapping[str, Answered]:
        """What the models that are open were asked for and answered so far, by handle."""
        return {name: getattr(handle, "told", Answered()) for name, handle in list(self._handles.items())}

    def close(self) -> None:
        """Ends the workers and closes the handles; a unit that still waits for a model, as after Ctrl-C, is given up."""
        self._closing = True
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        self._close_handles()
        for threads in self._threads.values():
            threads.shutdown(wait=True)
        self._close_handles()  # one may have been opened meanwhile
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._retries.shutdown(wait=True, cancel_futures=True)

    def _close_handles(self) -> None:
        while self._handles:
            _, handle = self._handles.popitem()
            if not isinstance(handle, MedtraceError):
                handle.close()

    def _to_pool(self, work: Work) -> None:
        with self._lock:
            if self._pool is None:
                self._pool = self._new_pool(self._workers)
            pool = self._pool
        try:
            future = pool.submit(_in_worker, self._store.root, work)
        except BrokenProcessPool:
            self._again(work, pool)
            return
        future.add_done_callback(lambda ended: self._from_pool(work, ended, pool))

    def _from_pool(self, work: Work, future: "Future[Receipt | MedtraceError]", pool: ProcessPoolExecutor) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            self._again(work, pool)
        elif error is not None:
            self._end(work, UnitError(f"{work.unit} failed: {type(error).__name__}: {error}. What was finished is kept; build again."))
        else:
            self._end(work, future.result())

    def _again(self, work: Work, pool: ProcessPoolExecutor) -> None:
        """Does a unit whose worker died once more, alone: the pool takes its neighbours down with the one that kills."""
        with self._lock:
            if self._pool is pool:
                self._pool = None
        self._retries.submit(self._alone, work)

    def _alone(self, work: Work) -> None:
        """A unit in a process of its own, a few times."""
        for _ in range(1, MAX_ATTEMPTS):
            if self._closing:
                return
            try:
                with self._new_pool(1) as own:
                    self._end(work, own.submit(_in_worker, self._store.root, work).result())
                return
            except BrokenProcessPool:
                continue
            except Exception as error:
                self._end(work, UnitError(f"{work.unit} failed: {type(error).__name__}: {error}. What was finished is kept; build again."))
                return
        said = f"{work.unit} lost its worker {MAX_ATTEMPTS} times, for want of memory perhaps. Build again with fewer --workers."
        self._end(work, UnitError(said))

    @staticmethod
    def _new_pool(workers: int) -> ProcessPoolExecutor:
        method = multiprocessing.get_context("forkserver")
        method.set_forkserver_preload(["pipeline.preload"])
        return ProcessPoolExecutor(workers, mp_context=method, initializer=_start_worker)

    def _thread(self, step: Step) -> ThreadPoolExecutor:
        if step.handle not in self._threads:
            self._threads[step.handle] = ThreadPoolExecutor(step.needs.in_flight, thread_name_prefix=step.handle)
        return self._threads[step.handle]

    def _with_handle(self, work: Work) -> None:
        outcome: Receipt | MedtraceError = UnitError(f"{work.unit} was not begun.")
        for _ in range(MAX_ATTEMPTS):
            try:
                handle = self._handle(work.step)
            except MedtraceError as error:
                outcome = error
                break
            try:
                outcome = self._try(work, handle)
            except BaseException as error:  # a panic in an engine: in a thread nobody else would hear of it
                outcome = UnitError(f"{work.unit} failed: {type(error).__name__}: {error}. What was finished is kept; build again.")
            if not isinstance(outcome, EngineError):
                break
            self._give_up(work.step, handle)
        self._end(work, outcome)

    def _give_up(self, step: Step, handle: Handle) -> None:
        """Closes a handle whose engine died, once; the next unit opens another."""
        with self._opening:
            if self._handles.get(step.handle) is handle:
                del self._handles[step.handle]
                handle.close()

    def _handle(self, step: Step) -> Handle:
        """The step's handle, opened by the first unit that asks for it while the others wait."""
        with self._opening:
            if self._closing:
                raise UnitError(f"{step.name} was stopped. What was finished is kept; build again.")
            if step.handle not in self._handles and step.open is not None:
                try:
                    self._handles[step.handle] = step.open(step.recipe, self._context)
                except MedtraceError as error:
                    self._handles[step.handle] = error
                except Exception as error:
                    said = f"{step.name} cannot be opened: {type(error).__name__}: {error}. What was finished is kept."
                    self._handles[step.handle] = UnitError(said)
            opened = self._handles[step.handle]
        if isinstance(opened, MedtraceError):
            raise opened
        return opened

    def _try(self, work: Work, handle: Handle | None) -> Receipt | MedtraceError:
        try:
            return do(work, self._store, handle)
        except MedtraceError as error:
            return error
        except Exception as error:
            return UnitError(f"{work.unit} failed: {type(error).__name__}: {error}. What was finished is kept; build again.")

    def _end(self, work: Work, outcome: Receipt | MedtraceError) -> None:
        self._ended.put(Done(work, outcome))


def _start_worker() -> None:
    """Leaves Ctrl-C to the driver, and ends this worker when the driver is killed: its pool alone would let it wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(root: Path, work: Work) -> Receipt | MedtraceError:
    """One unit in a worker process; expected errors come back as values."""
    try:
        return do(work, Store(root))
    except MedtraceError as error:
        return error
