"""Electrocardiograms as QoQ-Med takes them: eight leads of 2,500 samples, and the same drawn as a strip."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from schemas.example import LEAD_SAMPLES
from sources.png import png
from sources.rows import Fault

# QoQ-Med's eight leads ([0, 1, 6 … 11] of twelve); the other four follow from I and II.
LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
RATE_HZ = 500.0
WIDTH, BAND, HALF_MV = 1250, 100, 1.5


def eight_leads(signals: np.ndarray[Any, Any], names: Sequence[str], rate_hz: float) -> np.ndarray[Any, Any]:
    """The eight leads' first 2,500 samples at 500 Hz in mV, float32; zeros where the record is shorter or a sample is missing.

    Raises: Fault where a lead is missing, or the rate is not 500 Hz.
    """
    if rate_hz != RATE_HZ:
        raise Fault("other sampling rate", f"{rate_hz:g} Hz, not {RATE_HZ:g}")
    by_name = {name.strip().upper(): place for place, name in enumerate(names)}
    missing = [lead for lead in LEADS if lead not in by_name]
    if missing:
        raise Fault("lead missing", ", ".join(missing))
    taken = signals[[by_name[lead] for lead in LEADS], :LEAD_SAMPLES]
    padded = np.zeros((len(LEADS), LEAD_SAMPLES), np.float32)
    padded[:, : taken.shape[1]] = np.nan_to_num(taken, nan=0.0)
    return padded


def strip(leads: np.ndarray[Any, Any]) -> bytes:
    """A PNG of the leads below one another, black on white, 1.5 mV up and down from each middle, a tick at each second."""
    image = np.ones((BAND * len(leads), WIDTH), np.bool_)
    columns = leads.reshape(len(leads), WIDTH, -1)
    for place, lead in enumerate(columns):
        middle = BAND * place + BAND // 2
        low, high = lead.min(axis=1), lead.max(axis=1)
        # A column reaches from the last sample of the one before, so that the line is unbroken.
        before = np.concatenate((lead[:1, 0], lead[:-1, -1]))
        top = _row(np.maximum(high, before), middle)
        bottom = _row(np.minimum(low, before), middle)
        for column in range(WIDTH):
            image[top[column] : bottom[column] + 1, column] = False
    seconds = WIDTH * RATE_HZ / LEAD_SAMPLES
    for second in range(1, int(WIDTH / seconds)):
        image[-8:, int(second * seconds)] = False
    return png(image)


def _row(values: np.ndarray[Any, Any], middle: int) -> np.ndarray[Any, Any]:
    """Pixel rows of some millivolts, held within the lead's band."""
    reach = BAND // 2 - 1
    return middle - np.rint(np.clip(values / HALF_MV, -1, 1) * reach).astype(np.int64)
