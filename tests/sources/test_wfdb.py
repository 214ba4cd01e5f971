"""Waveforms: the values that PhysioNet's own reader (wfdb 4) gives for the same files, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from jobs.standins import write_standin
from sources import by_name
from sources.ecg import LEADS, eight_leads
from sources.rows import Fault
from sources.wfdb import read_header, read_signals
from tests.fixtures.upstream import real, rows_of

# First, second and last samples of the first lead, and the sum over all: printed by wfdb.rdrecord.
REAL = [
    ("100_3chan", 360.0, (3, 999), (-0.145, -0.145, -0.375), -830.59),
    ("test01_00s", 500.0, (4, 4000), (0.1, 0.11, -0.26), 5.35),
    ("s0010_re", 1000.0, (15, 38400), (-0.2445, -0.2425, 0.135), -44.709),
]


@pytest.mark.parametrize(("name", "rate", "shape", "first", "total"), REAL)
def test_real_records_read_as_physionet_reads_them(name: str, rate: float, shape: tuple[int, int], first: tuple[float, ...], total: float):
    path = real("wfdb_sample_data") / "sample-data" / f"{name}.hea"
    header = read_header(path.read_text())
    signals = read_signals(path, header)
    assert (header.rate_hz, signals.shape) == (rate, shape)
    assert signals[0, [0, 1, -1]] == pytest.approx(first)
    assert np.nansum(signals) == pytest.approx(total)


def test_a_mat_is_read_behind_its_head_and_only_the_leads_that_are_wanted() -> None:
    path = real("wfdb_sample_data") / "sample-data" / "a103l.hea"
    header = read_header(path.read_text())
    assert read_signals(path, header, ("II", "V"))[:, 0] == pytest.approx((-0.023596, 0.867586), abs=1e-6)
    with pytest.raises(Fault, match="not in volts"):
        read_signals(path, header)


@pytest.mark.parametrize(("name", "why"), [("12726", "signal missing"), ("drive02", "signal format not read")])
def test_a_header_without_its_data_is_a_fault(name: str, why: str) -> None:
    path = real("wfdb_sample_data") / "sample-data" / f"{name}.hea"
    with pytest.raises(Fault, match=why):
        read_signals(path, read_header(path.read_text()))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "header unreadable"),
        ("x/2 12 500 5000\n", "header unreadable"),
        ("x 2 500 5000\nx.dat 16 200/mV\n", "header unreadable"),
        ("x 1 500 10\n../x.dat 16 200/mV 16 0 0 0 0 I\n", "signal path refused"),
        ("x 1 500 10\nx.dat 16 200/mV 16 0 0 0 0 I\n", "signal cut off"),
        ("x 1 500 2\nx.dat 16 200/mmHg 16 0 0 0 0 I\n", "signal not in volts"),
        ("x 1 500 2\nx.dat 311 200/mV 16 0 0 0 0 I\n", "signal format not read"),
    ],
)
def test_a_faulty_header_says_why(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "x.dat").write_bytes(bytes(4))
    path = tmp_path / "x.hea"
    path.write_text(text)
    with pytest.raises(Fault, match=why):
        read_signals(path, read_header(text))


def test_a_missing_sample_is_told_and_a_short_record_is_padded_with_zeros(tmp_path: Path) -> None:
    samples = np.full((100, 8), 1000, "<i2")
    samples[3] = -32768
    (tmp_path / "x.dat").write_bytes(samples.tobytes())
    text = "x 8 500 100\n" + "".join(f"x.dat 16 1000(0)/mV 16 0 0 0 0 {lead}\n" for lead in LEADS)
    signals = read_signals(tmp_path / "x.hea", read_header(text))
    assert np.isnan(signals[:, 3]).all()
    leads = eight_leads(signals, LEADS, 500.0)
    assert leads.shape == (8, 2500)
    assert (leads[:, 2], leads[:, 3], leads[:, 100]) == (pytest.approx(1.0), pytest.approx(0.0), pytest.approx(0.0))


def test_other_rates_and_missing_leads_are_faults() -> None:
    with pytest.raises(Fault, match="sampling rate"):
        eight_leads(np.zeros((8, 10)), LEADS, 100.0)
    with pytest.raises(Fault, match="V6"):
        eight_leads(np.zeros((7, 10)), LEADS[:7], 500.0)


def test_an_ecg_is_a_time_series_and_a_strip(tmp_path: Path) -> None:
    write_standin("ptb_xl", tmp_path / "x", rows=4)
    rows = rows_of(by_name("ptb_xl"), tmp_path / "x")
    assert [row.gold["labels"] for row in rows] == [
        ["normal"],
        ["myocardial infarction", "atrial fibrillation"],
        ["hypertrophy"],
        ["other"],
    ]
    assert {len(row.time_series) for row in rows} == {8 * 2500 * 4}
    assert all(row.images[0].startswith(b"\x89PNG") for row in rows)
    assert [row.group for row in rows] == ["0", "0", "1", "1"]
