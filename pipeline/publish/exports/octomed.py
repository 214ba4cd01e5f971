"""OctoMed's layout: one row a question, its right traces in `responses`."""

import json
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from pipeline.publish.corpus import CorpusShard
from pipeline.publish.texts import question_in
from pipeline.publish.withheld import LEFT_OUT
from schemas.features import IMAGE, publishable

SCHEMA = publishable(
    pa.schema(
        [
            ("id", pa.string()),
            ("image", IMAGE),
            ("image_hash", pa.string()),
            ("question", pa.string()),
            ("options", pa.list_(pa.string())),
            ("answer", pa.string()),
            ("responses", pa.list_(pa.string())),
        ]
    )
)
MANY_IMAGES = "more than one image, which the layout cannot hold"
_ASKED = ["question_id", "images", "withheld_images", "problem", "options_json", "answer"]


def octomed_tables(shard: CorpusShard, left_out: Counter[str]) -> Iterator[pa.Table]:
    """The questions of an `sft` shard in order, a table a row group; what does not fit is counted."""
    responses: dict[str, list[str]] = {}
    for table in shard.tables(["question_id", "response"]):
        for question, response in zip(table["question_id"].to_pylist(), table["response"].to_pylist(), strict=True):
            responses.setdefault(question, []).append(response)
    for table in shard.tables(_ASKED, encoded=True):
        ids = table["question_id"].to_pylist()
        first = [place for place, id in enumerate(ids) if id in responses and (place == 0 or ids[place - 1] != id)]
        rows = []
        for row in table.take(pa.array(first, pa.int64())).to_pylist():
            told = responses.pop(row["question_id"])
            if row["withheld_images"]:
                left_out[LEFT_OUT] += 1
                continue
            if len(row["images"]) > 1:
                left_out[MANY_IMAGES] += 1
                continue
            options = json.loads(row["options_json"])
            picture = row["images"][0] if row["images"] else None
            rows.append(
                {
                    "id": row["question_id"],
                    "image": picture,
                    "image_hash": picture["path"].partition(".")[0] if picture else "",
                    "question": question_in(row["problem"], options).replace("<image>", "").strip(),
                    "options": options,
                    "answer": row["answer"],
                    "responses": told,
                }
            )
        yield pa.Table.from_pylist(rows, schema=SCHEMA)
