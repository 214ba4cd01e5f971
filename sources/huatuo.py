"""HuatuoGPT-o1's three sets: questions with a short gold, and questions with GPT-4o's or DeepSeek-R1's long answer.

https://huggingface.co/datasets/FreedomIntelligence/medical-o1-verifiable-problem, …/medical-o1-reasoning-SFT and
…/Medical-R1-Distill-Data. Licence: Apache-2.0.

One raw row of the demo_data.json of https://github.com/FreedomIntelligence/HuatuoGPT-o1 (it holds the columns of the first two):
{"question": "A 45-year-old homeless man …", "options": {"A": "…", …}, "answer_idx": "D", "answer": "Parvovirus B19 infection",
"Open-ended Verifiable Question": "A 45-year-old homeless man …", "Ground-True Answer": "Parvovirus B19 infection",
"Question": "A 45-year-old homeless man …", "Complex_CoT": "Alright, …", "Response": "The laboratory findings …"}
"""

from collections.abc import Mapping
from functools import partial

from sources.files import Record, find_tables, read_table
from sources.formats import Format
from sources.rows import cell, gold_open, question_of
from sources.source import Access, Layout, Row, Source

RAW_ROW = (
    '{"Open-ended Verifiable Question": "A 45-year-old homeless man …", "Ground-True Answer": "Parvovirus B19 infection", '
    '"Question": "A 45-year-old homeless man …", "Complex_CoT": "Alright, …", "Response": "The laboratory findings …"}'
)
VERIFIABLE = ("Open-ended Verifiable Question", "Ground-True Answer")
SFT = ("Question", "Response")
DISTILLED = ("question", "response")
NAMED = ("question", "response (content)")
R1_ASSUMED = "the answer stands under response or response (content)"
JSON = {"en": ("medical_o1_sft.json", "medical_o1_verifiable_problem.json", "demo_data.json", "./*.json")}
JSON |= {"zh": ("medical_o1_sft_Chinese.json",), "mix": ("medical_o1_sft_mix.json",), "zh_mix": ("medical_o1_sft_mix_Chinese.json",)}
JSON_R1 = {"en": ("medical_r1_distill_sft.json", "./*.json"), "zh": ("medical_r1_distill_sft_Chinese.json",)}


def read_row(record: Record, *, columns: tuple[str, str]) -> Row:
    """One open question. The thought is left out: it tells the answer."""
    question, answer = columns
    answer_type, gold = gold_open(cell(record.cells, answer))
    return Row(record.place, question_of(cell(record.cells, question)), answer_type, gold)


def _layouts(patterns: Mapping[str, tuple[str, ...]], columns: tuple[str, str], assumed: str = "") -> tuple[Layout, ...]:
    read = partial(read_table, row=partial(read_row, columns=columns))
    parquet = {split: ("*.parquet",) for split in patterns if split == "en"}
    return (
        Layout("JSON list", partial(find_tables, patterns=patterns, format=Format.JSON, needs=columns), read, assumed),
        Layout("JSON Lines", partial(find_tables, patterns=patterns, format=Format.JSONL, needs=columns), read, assumed),
        Layout("Parquet", partial(find_tables, patterns=parquet, format=Format.PARQUET, needs=columns), read, assumed),
    )


MEDICAL_O1_VERIFIABLE = Source(
    name="medical_o1_verifiable",
    version=1,
    title="medical-o1-verifiable-problem (HuatuoGPT-o1)",
    homepage="https://huggingface.co/datasets/FreedomIntelligence/medical-o1-verifiable-problem",
    license="Apache-2.0",
    access=Access.OPEN,
    task="open questions with a short gold",
    modality="text",
    rows="40,644 en",
    splits=("en",),
    default_split="en",
    layouts=_layouts({"en": JSON["en"]}, VERIFIABLE),
    raw_row=RAW_ROW,
    repo="FreedomIntelligence/medical-o1-verifiable-problem",
    files={"en": ("medical_o1_verifiable_problem.json",)},
    sizes={"en": 40_644},
    note="the gold is worded otherwise than the option it was made of in a sixth of the rows: a judge model helps",
    citation="Chen et al., HuatuoGPT-o1, arXiv 2412.18925",
)
MEDICAL_O1 = Source(
    name="medical_o1",
    version=1,
    title="medical-o1-reasoning-SFT (HuatuoGPT-o1)",
    homepage="https://huggingface.co/datasets/FreedomIntelligence/medical-o1-reasoning-SFT",
    license="Apache-2.0",
    access=Access.OPEN,
    task="open questions with a long answer",
    modality="text",
    rows="19,704 en, 20,171 zh, 24,887 mix, 25,371 zh_mix",
    splits=tuple(JSON),
    default_split="en",
    layouts=_layouts(JSON, SFT),
    raw_row=RAW_ROW,
    repo="FreedomIntelligence/medical-o1-reasoning-SFT",
    files={split: names[:1] for split, names in JSON.items()},
    sizes={"en": 19_704, "zh": 20_171, "mix": 24_887, "zh_mix": 25_371},
    note='the gold is GPT-4o\'s whole answer and proves nothing: take it with answers = "gold", or medical_o1_verifiable',
    citation="Chen et al., HuatuoGPT-o1, arXiv 2412.18925",
)
MEDICAL_R1_DISTILL = Source(
    name="medical_r1_distill",
    version=1,
    title="Medical-R1-Distill-Data",
    homepage="https://huggingface.co/datasets/FreedomIntelligence/Medical-R1-Distill-Data",
    license="Apache-2.0",
    access=Access.OPEN,
    task="open questions with a long answer",
    modality="text",
    rows="22,000 en, 17,000 zh",
    splits=tuple(JSON_R1),
    default_split="en",
    layouts=_layouts(JSON_R1, NAMED, R1_ASSUMED) + _layouts(JSON_R1, DISTILLED, R1_ASSUMED),
    raw_row='{"question": "…", "reasoning (reasoning_content)": "Okay, …", "response (content)": "…"}',
    repo="FreedomIntelligence/Medical-R1-Distill-Data",
    files={"en": ("medical_r1_distill_sft.json",), "zh": ("medical_r1_distill_sft_Chinese.json",)},
    sizes={"en": 22_000, "zh": 17_000},
    note='the gold is DeepSeek-R1\'s whole answer and proves nothing: take it with answers = "gold"',
    citation="Chen et al., HuatuoGPT-o1, arXiv 2412.18925",
)
