"""The commands on anyone's files: score, dedup, overlap."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.options import JsonOption

app = typer.Typer()


class CompatName(StrEnum):
    """Kits whose numbers are computed for comparison."""

    MEDEVALKIT = "medevalkit"


class PolicyName(StrEnum):
    """How much of a response may hold the answer."""

    TRAIN = "train"
    EVAL = "eval"


@app.command(
    epilog="Examples: `medtrace score responses.jsonl` · `medtrace score responses.jsonl --out verdicts.jsonl --compat medevalkit` · `medtrace score responses.jsonl --policy train --json | jq .rates.all.accuracy`"
)
def score(
    responses: Annotated[
        Path,
        typer.Argument(metavar="RESPONSES", help="JSON lines: id, task, question, options, gold, response, finish_reason, image_size."),
    ],
    policy: Annotated[
        PolicyName, typer.Option("--policy", help="train takes only a box after the thought; eval reads more.")
    ] = PolicyName.EVAL,
    out: Annotated[Path | None, typer.Option("--out", help="File for the verdicts [default: stdout, with the table on stderr].")] = None,
    compat: Annotated[CompatName | None, typer.Option("--compat", help="Another kit's numbers beside ours, its errors included.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge model outputs: a verdict a row with its rule, and accuracy, unparsed, refused and truncated rates.

    Beside them: F1, BLEU-1 and ROUGE-L of texts, macro F1 of labels, mean IoU and F1@0.5 of boxes. Lines that are no
    row are named with their number, the others are scored, and the exit code is 1.

    `gold` by task: mcq a letter or an option's text; multi a list of letters; yesno `yes`, `no` or `maybe`; labels a list
    (with `labels`, the closed vocabulary); number a number or `{"value", "low", "high", "unit"}`; date an ISO date (with
    `date_order`) or `{"weeks", "days"}`; text a text or a list of references; boxes `[{"label", "box": [x1, y1, x2, y2]}]`
    in pixels (with `image_size`, `coord` pixel or norm1000, and `iou`).
    """
    from jobs import scores
    from jobs.show import files as show
    from pipeline.verify.answer import Policy

    found = scores.score(responses, Policy(policy.value), compat=compat is not None)
    if out is not None:
        scores.write_results(found, out)
    show.scored(found, as_json=as_json, lines=out is None)
    for error in found.errors:
        print(f"Error: {responses} {error}", file=sys.stderr)
    if found.errors:
        raise typer.Exit(1)


@app.command(epilog="Examples: `medtrace dedup images/ --out clusters.parquet` · `medtrace dedup shard.parquet --radius 10`")
def dedup(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="A folder, or a Parquet file with an image column.")],
    radius: Annotated[
        int | None, typer.Option("--radius", min=0, max=64, help="Bits of a 64-bit hash within which pictures are compared.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Parquet or CSV: path, cluster, keeper, distance, reason.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Hash at full size: distances are imagehash's to the bit, at a fifth of the speed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the pictures that are there more than once: recompressed, resized, cropped or brightened, not mirrored or turned."""
    from jobs import dedup as pictures
    from jobs.show import files as show

    show.deduplicated(pictures.dedup(images, pictures.RADIUS if radius is None else radius, out, exact=exact), out, as_json=as_json)


@app.command(
    epilog="Examples: `medtrace overlap train.jsonl medqa_test.jsonl --out overlaps.jsonl` · `medtrace overlap train.parquet test.json --reports --json`"
)
def overlap(
    candidates: Annotated[
        Path,
        typer.Argument(
            metavar="CANDIDATES", help="JSON lines, a JSON list or Parquet: id, question, and options, answer, context, images (paths)."
        ),
    ],
    benchmark: Annotated[Path, typer.Argument(metavar="BENCHMARK", help="The same of the set that must not leak.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="JSON lines or Parquet of what was found, with both texts and the spans.")
    ] = None,
    reports: Annotated[bool, typer.Option("--reports", help="Also what only a person can decide.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find questions and pictures of a benchmark in another set, reworded and recompressed ones too, with the evidence."""
    from jobs import overlap as comparing
    from jobs.show import files as show

    show.overlapping(comparing.overlap(candidates, benchmark, out, reports=reports), out, as_json=as_json)
