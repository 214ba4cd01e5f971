"""Whether a question tells a case by itself, or would fit many a picture."""

from collections.abc import Sequence

import numpy as np

from pipeline.texts.paraphrase import COMMON, same_words
from pipeline.texts.tokens import distinct, words

# No question of VQA-RAD holds more than 11 different ones (1,413 read); a quarter of MedXpertQA's on pictures hold fewer than 12, half over 27.
TELLING_WORDS = 12


def tells_case(texts: Sequence[str]) -> list[bool]:
    """Whether each text holds enough different words that say something; "Is this normal?" fits every picture."""
    found = words(texts)
    stems = same_words(found.stem)
    kept = ~found.is_number
    kept[COMMON.find(stems)[0]] = False
    _, number = np.unique(stems[kept], return_inverse=True)
    things = max(int(number.max(initial=0)) + 1, 1)
    row = distinct(found.row[kept] * things + number.astype(np.int64)) // things
    return (np.bincount(row, minlength=len(texts)) >= TELLING_WORDS).tolist()
