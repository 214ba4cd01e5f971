"""What every published row says of its question, and of the pictures that it is asked about."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import prompts
from pipeline.arrays import flat, leads, messages, same
from pipeline.asked import PublishRecipe, teacher_of, unasked
from pipeline.groups import group_names
from pipeline.markers import MARKER
from schemas.corpus import EXTRA_INFO, REWARD_MODEL, Sft
from schemas.example import Chosen
from schemas.features import ENCODED_IMAGE, ENCODED_IMAGES
from schemas.image import Image

EXTENSIONS = {"jpeg": "jpg", "png": "png", "gif": "gif", "webp": "webp", "tiff": "tif", "bmp": "bmp"}
# Columns that an example and a published row share by name.
ALIKE = (Sft.license, Sft.modality, Sft.domain, Sft.body_part, Sft.task, Sft.subject, Sft.weight)


class Questions:
    """What every published row says of its question, one entry a chosen example."""

    def __init__(self, chosen: pa.Table, images: pa.Table, recipe: PublishRecipe) -> None:
        rows = chosen.select(
            [Chosen.source, Chosen.images, Chosen.question, Chosen.context, Chosen.options, Chosen.answer_type]
        ).to_pylist()
        self.teachers = [teacher_of(row[Chosen.source], row[Chosen.images], recipe) for row in rows]
        self._asked = {teacher.teacher: teacher for teacher in recipe.teachers}
        self.sources: list[str] = [row[Chosen.source] for row in rows]
        self._spare = [recipe.direct.get(source, recipe.prompt) for source in self.sources]
        self.names = [self.prompt_name(place, name or "") for place, name in enumerate(self.teachers)]
        self.unasked = [unasked(source, recipe) for source in self.sources]
        bare = [prompts.unanswered(row) for row in rows]
        own = [prompt for teacher in recipe.teachers for prompt in teacher.ways]
        self._plain = {
            prompt.name: [prompts.problem(prompt, one) for one in bare] for prompt in (recipe.prompt, *recipe.direct.values(), *own)
        }
        withheld = [bool(row[Chosen.images]) and row[Chosen.source] in recipe.withheld for row in rows]
        self._markers = ["" if held else MARKER * len(row[Chosen.images]) for row, held in zip(rows, withheld, strict=True)]
        self.heldout = pc.equal(chosen[Chosen.published_split], "heldout").to_numpy(zero_copy_only=False)
        self.texts = np.array([not row[Chosen.images] for row in rows], bool)
        self.columns: dict[str, Any] = {
            Sft.question_id: flat(chosen[Chosen.id]),
            Sft.source: flat(chosen[Chosen.source]),
            Sft.source_split: flat(chosen[Chosen.split]),
            Sft.source_row: flat(chosen[Chosen.row]),
            Sft.source_group: group_names(chosen[Chosen.source].to_pylist(), chosen[Chosen.group].to_pylist()),
            **{name: flat(chosen[name]) for name in ALIKE},
            Sft.answer: flat(chosen[Chosen.answer]),
            Sft.answer_type: flat(chosen[Chosen.answer_type]),
            Sft.options_json: pa.array([json.dumps(row[Chosen.options], ensure_ascii=False) for row in rows], pa.string()),
            Sft.grading_json: flat(chosen[Chosen.gold_json]),
        }
        self.digests = flat(chosen[Chosen.images])
        none = pa.array([[]], self.digests.type)
        passed = pa.array(withheld, pa.bool_())
        self._passed = pc.if_else(passed, none[0], self.digests)
        self._withheld = pc.if_else(passed, self.digests, none[0])
        self.series = flat(chosen[Chosen.time_series])
        self._known = flat(images[Image.digest])
        self._bytes = flat(images[Image.bytes]).cast(pa.binary())
        told = zip(images[Image.published_digest].to_pylist(), images[Image.format].to_pylist(), strict=True)
        self._paths = pa.array([f"{digest}.{EXTENSIONS.get(kind, kind)}" for digest, kind in told], pa.string())

    def prompt_name(self, place: int, teacher: str, *, direct: bool = False) -> str:
        """With which prompt a teacher is asked a question; with which it is answered by its gold where there is no teacher.

        `direct`: a direct answer came of it.
        """
        asked = self._asked.get(teacher)
        return (asked.prompt_for(self.sources[place], direct=direct) if asked else self._spare[place]).name

    def take(self, places: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
        """What every published row says, for the questions at some places, each asked with the prompt of that name."""
        at = pa.array(places, pa.int64())
        return {name: column.take(at) for name, column in self.columns.items()} | {Sft.problem: self._marked(places, names)}

    def _marked(self, places: np.ndarray, names: Sequence[str]) -> pa.Array:
        return pa.array([self._markers[place] + self._plain[name][place] for place, name in zip(places, names, strict=True)], pa.string())

    def prompted(self, places: np.ndarray, index: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
        """The columns that trainers prompt with."""
        plain = pa.array([self._plain[name][place] for place, name in zip(places, names, strict=True)], pa.string())
        at = pa.array(places, pa.int64())
        train = np.where(self.heldout[places], "heldout", "train")
        answers = self.columns[Sft.answer].take(at)
        return {
            Sft.prompt: messages("user", plain),
            Sft.verl_prompt: messages("user", self._marked(places, names)),
            Sft.reward_model: pa.StructArray.from_arrays([same("rule", len(places)), answers], fields=list(REWARD_MODEL)),
            Sft.extra_info: pa.StructArray.from_arrays(
                [
                    pa.array(train.tolist(), pa.string()),
                    pa.array(index, pa.int64()),
                    self.columns[Sft.question_id].take(at),
                    self.columns[Sft.source].take(at),
                ],
                fields=list(EXTRA_INFO),
            ),
        }

    def shown(self, places: np.ndarray) -> dict[str, Any]:
        """What the questions at some places are asked about: images with their digests, names of withheld ones, and time series."""
        at = pa.array(places, pa.int64())
        series = leads(self.series.take(at))
        return {
            Sft.images: self.pictures(places),
            Sft.image_digests: self.digests.take(at),
            Sft.withheld_images: self.withheld(places),
            Sft.time_series: series,
        }

    def pictures(self, places: np.ndarray) -> pa.ListArray:
        """The images of the questions at some places, each held once however many rows name it; none of those that are withheld."""
        offsets, at = self._named(self._passed, places)
        pictures = pa.StructArray.from_arrays(
            [pa.DictionaryArray.from_arrays(at, self._bytes), self._paths.take(at)], fields=list(ENCODED_IMAGE)
        )
        return pa.ListArray.from_arrays(offsets, pictures, type=ENCODED_IMAGES)

    def withheld(self, places: np.ndarray) -> pa.ListArray:
        """The names of the images that are not passed on."""
        offsets, at = self._named(self._withheld, places)
        return pa.ListArray.from_arrays(offsets, self._paths.take(at))

    def _named(self, digests: pa.ListArray, places: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """Where the lists of some questions begin, and where their images stand."""
        named = digests.take(pa.array(places, pa.int64()))
        at = pc.index_in(named.flatten(), self._known)
        if at.null_count:
            raise ValueError("rows name images that are not there")
        offsets = np.concatenate(([0], np.cumsum(named.value_lengths().to_numpy(), dtype=np.int64)))
        return pa.array(offsets, pa.int32()), at
