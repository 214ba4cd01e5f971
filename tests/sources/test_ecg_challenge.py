"""ECGs of the challenges: statements become classes, signals behind a .mat's head are in millivolts."""

from pathlib import Path

import numpy as np
import pytest

from jobs.standins.drawn import dice
from jobs.standins.labelled import write_ecg
from sources.ecg_challenge import CHAPMAN, labels
from sources.rows import Fault
from tests.fixtures.upstream import rows_of


def test_statements_become_the_classes_of_climb_s_documents() -> None:
    # Atrial fibrillation, right bundle branch block and a T wave that is abnormal.
    assert labels("x 12 500 5000\n#Age: 85\n#Dx: 164889003,59118001,164934002\n") == [
        "ST/T change",
        "atrial fibrillation",
        "conduction disturbance",
    ]
    assert labels("# Dx: 426177001") == ["normal"]
    for header, reason in (("#Age: 1", "no gold"), ("#Dx: ", "no gold"), ("#Dx: 1234567", "unknown label")):
        with pytest.raises(Fault) as told:
            labels(header)
        assert told.value.reason == reason


def test_signals_are_read_behind_the_head_of_24_bytes(tmp_path: Path) -> None:
    write_ecg(tmp_path / "g1", "JS00001", dice("x", 1), statements="426783006")
    write_ecg(tmp_path / "plain", "x", dice("x", 1))
    row = rows_of(CHAPMAN, tmp_path)[0]
    plain = np.frombuffer((tmp_path / "plain" / "x.dat").read_bytes(), "<i2").reshape(5000, 12)[:2500, [0, 1, 6, 7, 8, 9, 10, 11]]
    assert np.allclose(np.frombuffer(row.time_series, np.float32).reshape(8, 2500), plain.T / 1000)
    assert row.gold["labels"] == ["normal"]
    (tmp_path / "g1" / "JS00001.mat").unlink()
    assert rows_of(CHAPMAN, tmp_path)[0].fault == "signal missing"
