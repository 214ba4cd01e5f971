"""Broken images: a fault in words, whatever was done to the bytes."""

import importlib
import os
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.images.clean import clean
from tests.bench.corrupt_images import look, originals, run
from tests.fixtures.corrupted import corrupted, forms
from tests.fixtures.pictures import drawn


@pytest.mark.filterwarnings("ignore")
def test_no_damage_raises_and_hashing_fails_where_measuring_does():
    found = {case.name: look(case.data) for case in corrupted(list(forms(drawn(1, (96, 80))).items()), 405, 7)}
    assert not [(name, fault) for name, fault in found.items() if fault.startswith("measured")]
    assert sum(fault == "" for fault in found.values()) > 40
    assert sum(fault != "" for fault in found.values()) > 200


def test_broken_run_lengths_ask_for_no_memory():
    pydicom = pytest.importorskip("pydicom")
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.Rows = file.Columns = 64
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    file.PixelData = bytes(range(256)) * 32
    file.SOPClassUID, file.SOPInstanceUID = importlib.import_module("pydicom.uid").SecondaryCaptureImageStorage, "1.2.3"
    file.compress(pydicom.uid.RLELossless)
    out = BytesIO()
    pydicom.dcmwrite(out, file, enforce_file_format=True)
    assert clean(out.getvalue()).fault == ""
    failures, told = run(list(corrupted([("run lengths", out.getvalue())], 45, 0)))
    assert not failures
    assert max(one.peak_mib for one in told) < 1024


@pytest.mark.slow
@pytest.mark.skipif("MEDTRACE_DATA" not in os.environ, reason="MEDTRACE_DATA names no folder of real data")
def test_damaged_real_files_crash_nothing():
    pytest.importorskip("pydicom")
    failures, told = run(list(corrupted(originals(Path(os.environ["MEDTRACE_DATA"])), 200, 5)))
    assert not failures
    assert len(told) == 200
