"""Settle: which questions every teacher and the judge have done with, where a budget ended before all were asked."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.models.generate import MISSING_TEXT, NOT_ASKED
from schemas.corpus import BUDGET
from schemas.example import Chosen, Dropped
from schemas.trace import Judgement, Trace


@dataclass(frozen=True)
class SettleRecipe:
    """Nothing varies."""


def settle(
    chosen: pa.Table, dropped: pa.Table, traces: pa.Table, recipe: SettleRecipe, judgements: pa.Table | None = None
) -> dict[str, pa.Table]:
    """`chosen` without the questions of which an answer is missing, and `dropped` with them, for the reason `budget`.

    `traces` and `judgements` are those of every round, made of what the ledger holds.
    """
    missing = set(traces.filter(pc.equal(traces[Trace.finish_reason], NOT_ASKED))[Trace.example].to_pylist())
    if judgements is not None:
        # The judge's last reply is quoted where it could not be read.
        quoted = pc.match_substring(judgements[Judgement.error], repr(MISSING_TEXT))
        missing |= set(judgements.filter(quoted)[Judgement.example].to_pylist())
    stays = pa.array([id not in missing for id in chosen[Chosen.id].to_pylist()], pa.bool_())
    left = chosen.filter(pc.invert(stays))
    out = pa.table(
        {
            Dropped.id: left[Chosen.id],
            Dropped.source: left[Chosen.source],
            Dropped.reason: pa.array([BUDGET] * left.num_rows, pa.string()),
            Dropped.evidence: pa.array([""] * left.num_rows, pa.string()),
        },
        schema=dropped.schema,
    )
    return {"chosen": chosen.filter(stays), "dropped": pa.concat_tables([dropped, out])}
