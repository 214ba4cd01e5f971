"""The formats of `medtrace export`: which configs they take, which columns, and what stands beside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.publish.exports import stubs
from pipeline.publish.exports.columns import Make, as_published, easyr1, medmo, typed, verl_rl, verl_sft, without_images

PAIR = ("id", "prompt", "completion")
GRADED = ("answer", "answer_type", "options_json", "grading_json")


@dataclass(frozen=True)
class Part:
    """One folder of an export: the rows of a config, some of their columns, and what becomes of them.

    `pictured`: it is written where the corpus has images, or (False) where it has rows without.
    """

    folder: str
    config: str
    columns: tuple[str, ...]
    make: Make = as_published
    pictured: bool = True


@dataclass(frozen=True)
class Format:
    """One trainer's form. `beside`: what else is written, by file name, from what is known of the export."""

    name: str
    about: str
    parts: tuple[Part, ...]
    beside: Callable[[stubs.Known], Mapping[str, str]]
    by_question: bool = False


def _with_text(part: Part, folder: str, config: str) -> tuple[Part, Part]:
    """A part of rows with images, and its twin of rows without, which has no images column."""
    if config == "rl":
        return part, Part(folder, config, part.columns, without_images(part.make), pictured=False)
    bare = tuple(name for name in part.columns if name != "images")
    return part, Part(folder, config, bare, part.make, pictured=False)


def _trl(name: str, about: str, make: Make) -> Format:
    sft = Part("sft", "sft", (*PAIR, "images"), make)
    grpo = Part("grpo", "rl", ("id", "prompt", "images", *GRADED, "source", "domain"), make)
    parts = (*_with_text(sft, "sft_text", "sft_text"), *_with_text(grpo, "grpo_text", "rl"))
    return Format(name, about, parts, stubs.trl)


FORMATS: tuple[Format, ...] = (
    _trl("trl", "TRL SFT (prompt, completion, images) and GRPO (prompt, images, gold)", as_published),
    _trl("trl-typed", "the same with typed contents: one image part for each image", typed),
    Format(
        "llamafactory",
        "LLaMA-Factory's Alpaca columns, with dataset_info.json",
        _with_text(Part("sft", "sft", ("id", "problem", "response", "images")), "sft_text", "sft_text"),
        stubs.llamafactory,
    ),
    Format(
        "verl",
        "verl: multi-turn SFT and RL with rule reward",
        (
            *_with_text(Part("sft", "sft", ("id", "verl_prompt", "completion", "images"), verl_sft), "sft_text", "sft_text"),
            *_with_text(
                Part(
                    "rl",
                    "rl",
                    ("source", "verl_prompt", "images", "answer_type", "options_json", "grading_json", "reward_model", "extra_info"),
                    verl_rl,
                ),
                "rl_text",
                "rl",
            ),
        ),
        stubs.verl,
    ),
    Format(
        "easyr1",
        "EasyR1: problem, images, and an answer that says how it is graded",
        _with_text(Part("rl", "rl", ("id", "problem", "images", *GRADED), easyr1), "rl_text", "rl"),
        stubs.easyr1,
    ),
    Format(
        "octomed", "OctoMed's layout: one row a question with its responses", (Part("data", "sft", ()),), stubs.octomed, by_question=True
    ),
    Format(
        "medmo",
        "turns for Qwen3-VL as MedMO is trained: messages, images, golds of boxes as <box>[[…]]</box>",
        _with_text(
            Part("sft", "sft", (*PAIR, "images", "teacher", "answer_type", "options_json", "grading_json"), medmo),
            "sft_text",
            "sft_text",
        ),
        stubs.medmo,
    ),
)
