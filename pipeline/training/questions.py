"""The questions of a corpus as TRL's trainers of rewards take them: those that the model can see, in their order, images decoded."""

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boxes import within
from pipeline.publish.corpus import Corpus
from pipeline.training.order import Order, Place
from pipeline.training.pictures import pictures_of
from pipeline.training.rows import COLUMNS, Row, Rows, groups_of, shards_of, weights_of
from schemas.corpus import Rl
from schemas.errors import TrainingError
from schemas.example import AnswerType
from schemas.training import Data, Training

_TOLD = (Rl.image_digests, Rl.modality, Rl.pass_rate)
# A row of these is asked about what no trainer shows a model.
_UNSEEN = "ecg"
# So many questions that are too long, one after the other, are no accident.
_MOST_PASSED = 1000


class Questions(Sequence[Row]):
    """Rows as TRL reads them. For a model with eyes an image is a picture of at most `max_pixels`, and boxes are in its pixels."""

    def __init__(self, rows: Rows, data: Data, *, sees: bool) -> None:
        # An image that is made larger would leave its boxes behind.
        self._rows, self._data, self._sees = rows, data.model_copy(update={"min_pixels": 1}), sees

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> Row:  # type: ignore[override]
        """The question at a place. Raises: IndexError behind the last; CorpusError where an image cannot be read."""
        row = self._rows[place]
        images = row.pop("images")
        if not self._sees:
            return row
        row["images"] = pictures_of(row | {"images": images[: self._data.max_images]}, self._data, scaled=True)
        if row["answer_type"] == AnswerType.BBOX:
            moved = within(row["grading_json"], self._data.max_pixels)
            row["grading_json"] = moved[0] if moved else row["grading_json"]
        return row

    def up_to(self, tokens: Callable[[Row], int], most: int) -> "Questions":
        """Those whose prompts have at most so many tokens, each of them read."""
        rows = copy(self._rows)
        rows.order = [rows.order[place] for place in range(len(self)) if tokens(self[place]) <= most]
        return Questions(rows, self._data, sees=self._sees)


class Fitting(Sequence[Row]):
    """Questions whose prompts have at most so many tokens: in the place of a longer one stands the next that fits.

    `too_long` of a row: how many were passed over for it.
    """

    def __init__(self, questions: Questions, tokens: Callable[[Row], int], most: int) -> None:
        self._questions, self._tokens, self._most = questions, tokens, most
        self._fits: dict[int, bool] = {}

    def __len__(self) -> int:
        return len(self._questions)

    def __getitem__(self, place: int) -> Row:  # type: ignore[override]
        """The question at a place, or the next that fits. Raises: IndexError behind the last; TrainingError where none fits."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        for passed in range(min(len(self), _MOST_PASSED)):
            at = (place + passed) % len(self)
            if self._fits.get(at, True):
                row = self._questions[at]
                if at not in self._fits:
                    self._fits[at] = self._tokens(row) <= self._most
                if self._fits[at]:
                    return row | {"too_long": passed}
        raise TrainingError(
            f"{min(len(self), _MOST_PASSED):,} questions one after the other have more than {self._most} tokens, their images included, "
            "which leaves no answer room within [data] max_length. Raise it, or lower max_pixels."
        )


def open_questions(corpus: Corpus, asked: Training, *, sees: bool, batch: int) -> Questions:
    """The training questions that a model can see and whose pass rate is asked for, as often as epochs and weights say.

    Raises: TrainingError where none is left.
    """
    data, grpo = asked.data, asked.grpo
    shards = shards_of(corpus, "rl", "train")
    groups = groups_of(shards, COLUMNS["rl"])
    told = [table for shard in shards for table in shard.tables(list(_TOLD))]
    asked_for = [_seen(table, sees=sees) & _passed(table, grpo.pass_rate) for table in told]
    weights = weights_of(shards, data) or [np.ones(group.rows) for group in groups]
    weights = [weight * known for weight, known in zip(weights, asked_for, strict=True)]
    if not sum(int((weight > 0).sum()) for weight in weights):
        why = "" if sees else "; the model has no eyes, so questions with images are left out"
        raise TrainingError(
            f"{corpus.path} has no question to train on (pass_rate {grpo.pass_rate}){why}. Name another corpus, or a wider pass_rate."
        )
    held = data.shuffle_mb << 20
    if grpo.order == "shuffled":
        order: Sequence[Place] = Order(groups, seed=asked.seed, epochs=asked.train.epochs, batch=batch, weights=weights, window_bytes=held)
    else:
        order = by_rate(told, weights, asked, batch)
    return Questions(Rows(shards, COLUMNS["rl"], groups, order, held), data, sees=sees)


def open_heldout_questions(corpus: Corpus, asked: Training, *, sees: bool) -> Questions | None:
    """Some held-out questions that the model can see, the same ones every time; None where there are none or none are wanted."""
    data = asked.data
    shards = [shard for shard in corpus.of("rl", "heldout") if shard.rows]
    if not shards or not data.heldout_rows:
        return None
    groups = groups_of(shards, COLUMNS["rl"])
    seen = [_seen(table, sees=sees).astype(np.float64) for shard in shards for table in shard.tables(list(_TOLD))]
    if not sum(float(one.sum()) for one in seen):
        return None
    held = data.shuffle_mb << 20
    order = Order(groups, seed=0, weights=seen, window_bytes=held)
    places = [order[place] for place in range(min(len(order), data.heldout_rows))]
    return Questions(Rows(shards, COLUMNS["rl"], groups, places, held), data, sees=sees)


def by_rate(told: Sequence[pa.Table], weights: Sequence[npt.NDArray[np.float64]], asked: Training, batch: int) -> list[Place]:
    """Each epoch's places from the easiest or the hardest question on, by published pass rate; those without a rate last."""
    rates = [np.nan_to_num(table[Rl.pass_rate].to_numpy().astype(np.float64), nan=-1.0) for table in told]
    sign = -1.0 if asked.grpo.order == "easy_first" else 1.0
    found = [
        (np.inf if rate < 0 else sign * rate, Place(group, row))
        for group, one in enumerate(rates)
        for row, rate in enumerate(one)
        for _ in range(round(float(weights[group][row])))
    ]
    once = [place for _, place in sorted(found)]
    rows = -(-round(len(once) * asked.train.epochs) // batch) * batch
    return [once[place % len(once)] for place in range(rows)]


def _seen(table: pa.Table, *, sees: bool) -> npt.NDArray[np.bool_]:
    """Which rows show a model all that they ask about."""
    images = pc.list_value_length(table[Rl.image_digests]).to_numpy() > 0
    unseen = pc.equal(table[Rl.modality], _UNSEEN).to_numpy(zero_copy_only=False) & ~images
    return ~unseen if sees else ~(images | unseen)


def _passed(table: pa.Table, wanted: tuple[float, float] | None) -> npt.NDArray[np.bool_]:
    if wanted is None:
        return np.ones(len(table), np.bool_)
    rates = table[Rl.pass_rate].to_numpy().astype(np.float64)
    return (rates >= wanted[0]) & (rates <= wanted[1])
