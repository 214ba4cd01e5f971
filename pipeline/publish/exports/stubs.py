"""What stands beside an export: settings that its trainer takes as they are, a reward where one is needed, and a README."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.publish.markdown import code, link, table, text

_GRADE = '''"""A reward by rule: 1.0 where medtrace's verifier calls the answer right, else 0.0. Run it with the checkout of medtrace on PYTHONPATH."""

import json

from pipeline.verify.answer import Gold, Policy, verify


def grade(response: str, answer_type: str, options: list[str], grading_json: str) -> float:
    """1.0 where the answer is right."""
    if not grading_json:
        return 0.0
    gold = Gold.from_json(answer_type, options, grading_json)
    return float(verify(response, gold, policy=Policy.TRAIN).verdict == "correct")
'''
_TRL_REWARD = """

def reward(completions, answer_type, options_json, grading_json, **others):
    \"\"\"TRL: one reward a completion.\"\"\"
    told = zip(completions, answer_type, options_json, grading_json, strict=True)
    return [grade(_text(said), kind, json.loads(options), gold) for said, kind, options, gold in told]


def _text(said):
    content = said[-1]["content"] if isinstance(said, list) else said
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)
"""
_VERL_REWARD = """

def compute_score(data_source, solution_str, ground_truth, extra_info=None, **others):
    \"\"\"verl: custom_reward_function.path points here.\"\"\"
    told = extra_info or {}
    return grade(solution_str, told["answer_type"], json.loads(told["options_json"]), told["grading_json"])
"""
_EASYR1_REWARD = """

def compute_score(reward_inputs):
    \"\"\"EasyR1, reward_type batch: `ground_truth` is the answer column, JSON that says how it is graded.\"\"\"
    scores = []
    for one in reward_inputs:
        told = json.loads(one["ground_truth"])
        grading = json.dumps(told["grading"]) if told["grading"] is not None else ""
        right = grade(one["response"], told["type"], told["options"], grading)
        scores.append({"overall": right, "accuracy": right})
    return scores
"""


@dataclass(frozen=True)
class Known:
    """What is known of an export when its settings are written. `files`: path and rows; `most_images`: of one row."""

    name: str
    version: str
    format: str
    files: Sequence[tuple[str, int]]
    most_images: int
    left_out: Mapping[str, int]
    lock: Mapping[str, Any]
    policy: str = "train"

    @property
    def grade(self) -> str:
        """The start of a reward: its answers stand in boxes where the prompts ask for such."""
        return _GRADE.replace("Policy.TRAIN", f"Policy.{self.policy.upper()}")

    def split(self, folder: str, split: str) -> list[str]:
        """The files of a folder and split, in order."""
        return [path for path, _ in self.files if path.startswith(f"{folder}/{split}-")]

    @property
    def folders(self) -> list[str]:
        """The folders that are there, in order."""
        return list(dict.fromkeys(path.partition("/")[0] for path, _ in self.files))


def trl(known: Known) -> dict[str, str]:
    """Settings for `trl sft` and `trl grpo`, one a folder, and the reward."""
    beside: dict[str, str] = {}
    for folder in known.folders:
        pictured = not folder.endswith("_text")
        model = "Qwen/Qwen2.5-VL-7B-Instruct" if pictured else "Qwen/Qwen2.5-7B-Instruct"
        lines = [f"# trl {'sft' if folder.startswith('sft') else 'grpo'} --config {folder}.yaml   (from this folder)"]
        lines += [f"model_name_or_path: {model}", "dataset_name: .", f"dataset_config: {folder}", f"output_dir: out-{folder}", "bf16: true"]
        if folder.startswith("sft"):
            # A length would cut image tokens in two (TRL's default is 1024); prompt and completion make the loss that of the completion.
            lines += ["max_length: null" if pictured else "max_length: 8192", "learning_rate: 1.0e-05", "num_train_epochs: 3"]
        else:
            lines += ["reward_funcs: [rewards.reward]", "num_generations: 8", "max_completion_length: 4096", "learning_rate: 1.0e-06"]
        beside[f"{folder}.yaml"] = "\n".join(lines) + "\n"
    if any(folder.startswith("grpo") for folder in known.folders):
        beside["rewards.py"] = known.grade + _TRL_REWARD
    call = 'load_dataset(".", "sft", split="train")'
    return beside | {"README.md": _readme(known, f"Each folder is a config: `{call}`. The settings beside it are for TRL's command line.")}


def llamafactory(known: Known) -> dict[str, str]:
    """dataset_info.json, one data set a folder and split, and settings that train on them."""
    info: dict[str, Any] = {}
    for folder in known.folders:
        columns = {"prompt": "problem", "response": "response"} | ({} if folder.endswith("_text") else {"images": "images"})
        for split in ("train", "heldout"):
            for place, path in enumerate(known.split(folder, split)):
                info[f"{known.name}_{folder}_{split}_{place}"] = {"file_name": path, "formatting": "alpaca", "columns": columns}
    names = [name for name in info if "_train_" in name and (f"{known.name}_sft_train_" in name or "sft" not in known.folders)]
    pictured = "sft" in known.folders
    model = "Qwen/Qwen2.5-VL-7B-Instruct" if pictured else "Qwen/Qwen2.5-7B-Instruct"
    lines = ["# llamafactory-cli train train.yaml   (from this folder)", f"model_name_or_path: {model}", "stage: sft", "do_train: true"]
    # Templates that know thoughts add or cut them; with this one the tags of a thought are plain text.
    lines += ["finetuning_type: full", "dataset_dir: .", f"dataset: {','.join(names)}", f"template: {'qwen2_vl' if pictured else 'qwen'}"]
    lines += ["cutoff_len: 8192", "output_dir: out", "learning_rate: 1.0e-05", "num_train_epochs: 3.0", "bf16: true"]
    said = (
        "`dataset_info.json` names each file; `train.yaml` trains on those of the train split. The thought stands in the response as text."
    )
    return {
        "dataset_info.json": json.dumps(info, indent=2) + "\n",
        "train.yaml": "\n".join(lines) + "\n",
        "README.md": _readme(known, said),
    }


def verl(known: Known) -> dict[str, str]:
    """Command lines for verl's SFT and RL, and the reward."""
    beside: dict[str, str] = {}
    for kind in ("sft", "rl"):
        folder = next((one for one in known.folders if one.partition("_")[0] == kind), None)
        if folder is None:
            continue
        train, val = known.split(folder, "train"), known.split(folder, "heldout") or known.split(folder, "train")
        pictured = not folder.endswith("_text")
        lines = ["#!/usr/bin/env bash", "# From this folder.", "set -e"]
        files = f"data.train_files='[{','.join(train)}]' data.val_files='[{','.join(val)}]'"
        model = "Qwen/Qwen2.5-VL-7B-Instruct" if pictured else "Qwen/Qwen2.5-7B-Instruct"
        if kind == "sft":
            lines += [f"torchrun -m verl.trainer.sft_trainer {files} \\", f'  data.messages_key=messages model.path={model} "$@"']
        else:
            lines += [f"python3 -m verl.trainer.main_ppo algorithm.adv_estimator=grpo {files} \\"]
            lines += ["  data.prompt_key=prompt data.image_key=images data.max_prompt_length=4096 data.max_response_length=4096 \\"]
            lines += [f'  custom_reward_function.path=rewards.py actor_rollout_ref.model.path={model} actor_rollout_ref.rollout.n=8 "$@"']
            beside["rewards.py"] = known.grade + _VERL_REWARD
        beside[f"{kind}.sh"] = "\n".join(lines) + "\n"
    said = (
        "`sft.sh` and `rl.sh` name the files and keys; `rewards.py` grades by medtrace's verifier (verl's own scorer knows no such source)."
    )
    return beside | {"README.md": _readme(known, said)}


def easyr1(known: Known) -> dict[str, str]:
    """EasyR1's settings, its prompt form and the reward."""
    folder = known.folders[0] if known.folders else "rl"
    heldout = f"{folder}/heldout" if known.split(folder, "heldout") else f"{folder}/train"
    lines = ["# python3 -m verl.trainer.main config=config.yaml   (from this folder, over EasyR1's own defaults)", "data:"]
    lines += [f"  train_files: {_only(known, folder, 'train')}", f"  val_files: {_only(known, folder, heldout.partition('/')[2])}"]
    lines += ["  prompt_key: problem", "  answer_key: answer", "  image_key: images", "  format_prompt: ./problem.jinja"]
    lines += ["  max_prompt_length: 4096", "  max_response_length: 4096", "worker:", "  rollout:"]
    lines += [f"    limit_images: {known.most_images}", "    n: 8", "  reward:", "    reward_type: batch"]
    lines += ["    reward_function: ./rewards.py:compute_score"]
    said = "`answer` is JSON with type, gold, options and grading, for EasyR1 hands its reward nothing else. `problem` already says how to answer."
    beside = {"config.yaml": "\n".join(lines) + "\n", "problem.jinja": "{{ content | trim }}\n", "rewards.py": known.grade + _EASYR1_REWARD}
    return beside | {"README.md": _readme(known, said)}


def _only(known: Known, folder: str, split: str) -> str:
    """The one file of a split, or the folder where there are several: EasyR1 takes either."""
    files = known.split(folder, split)
    return files[0] if len(files) == 1 else folder


def octomed(known: Known) -> dict[str, str]:
    """A README; the layout is read by `datasets` as it is."""
    said = "One row a question: `responses` holds the traces whose answer medtrace's verifier proved right, `answer` the letter or the text of the gold, "
    said += "`image_hash` the sha256 of the image."
    return {"README.md": _readme(known, said)}


def medmo(known: Known) -> dict[str, str]:
    """Settings for `trl sft`, with which MedMO is trained."""
    beside: dict[str, str] = {}
    for folder in known.folders:
        lines = [
            f"# trl sft --config {folder}.yaml   (from this folder)",
            "model_name_or_path: Qwen/Qwen3-VL-8B-Instruct",
            "dataset_name: .",
        ]
        lines += [f"dataset_config: {folder}", f"output_dir: out-{folder}", "bf16: true", "max_length: null", "assistant_only_loss: true"]
        beside[f"{folder}.yaml"] = "\n".join([*lines, "learning_rate: 1.0e-05", "lr_scheduler_type: cosine"]) + "\n"
    said = "Turns with typed contents for Qwen3-VL. Boxes of golds are written as MedMO's card does, `Label <box>[[x1, y1, x2, y2]]</box>`, in "
    said += "thousandths of the picture. MedMO publishes no schema of its data; this follows its card and trainer."
    return beside | {"README.md": _readme(known, said)}


def _readme(known: Known, said: str) -> str:
    """The export's card: its configs for `datasets`, where it comes from, and under which licences."""
    front: list[str] = ["---", "configs:"] if known.files else []
    for place, folder in enumerate(known.folders):
        front += [f"- config_name: {folder}", *(["  default: true"] if place == 0 else []), "  data_files:"]
        for split in ("train", "heldout"):
            if known.split(folder, split):
                front += [f"  - split: {split}", f'    path: "{folder}/{split}-*.parquet"']
    front += ["---", ""] if known.files else []
    sources = [one for one in known.lock["datasets"] if one["role"] == "source"]
    rows = [
        (code(one["name"]), link(one["title"] or one["name"], one["homepage"]), text(one["license"] or "not stated")) for one in sources
    ]
    parts = [
        f"# {text(known.name)} {text(known.version)} for {text(known.format)}",
        f"A lean copy of the corpus {code(known.name)} {text(known.version)}, manifest {code(known.lock['manifest']['fingerprint'])}. {said}",
        table(("file", "rows"), [(code(path), rows) for path, rows in known.files]),
    ]
    if known.left_out:
        parts.append("Left out:\n\n" + "\n".join(f"- {count:,} rows: {text(why)}" for why, count in known.left_out.items()))
    return "\n".join(front) + "\n\n".join([*parts, "Sources:", table(("source", "dataset", "licence"), rows)]) + "\n"
