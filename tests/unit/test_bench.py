"""The benchmark reads records and logs right, and sets each figure beside the right floor."""

import importlib
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_path(monkeypatch):
    """The benchmark's modules lie beside its program, in no package."""
    monkeypatch.syspath_prepend(str(BENCH))


def test_records_are_read_whole():
    """A record that is still being written is left for the next look."""
    records = importlib.import_module("records")
    text = struct.pack("=qiI48s", 17, 42, 3, b"web")
    assert records.decode(text + text[:20]) == [records.Record(17, 42, 3, "web")]


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ([0, 1, 2], None),
        ([0, 2], "line 1 awaited"),
        ([0, 1, 1, 2], "line 2 awaited"),
        ([0, 1], "2 of 3 lines"),
    ],
)
def test_a_log_with_a_lost_or_doubled_line_is_found_out(tmp_path, numbers, fault):
    """Only a log with every line, once, in order passes; other lines may stand between."""
    flood = importlib.import_module("flood")
    log = tmp_path / "log"
    log.write_bytes(b"started\n" + b"".join(b"s0: " + flood.line(n) for n in numbers))
    found = flood.fault_in(log, b"s0: ", 3)
    assert found == fault if fault is None else found.startswith(fault)


def test_a_figure_is_compared_with_the_floor_around_its_turn():
    """The floor's other measurements, of another minute, don't count."""
    results = importlib.import_module("results")
    found = results.Results()
    for turn, floor_ms in enumerate((10.0, 20.0, 1000.0)):
        found.samples.append(results.Sample(results.FLOOR, "start", 5, turn, floor_ms, "ms"))
    found.samples.append(results.Sample("run", "start", 5, 0, 30.0, "ms"))
    assert found.floor("run", "start", 5) == 15.0


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_the_floor_is_measured(tmp_path):
    """The program runs from end to end with nothing but a C compiler."""
    out = tmp_path / "out.json"
    argv = [sys.executable, BENCH / "run.py", "--systems=", "--quick", "--n=5", "--latency-n=3"]
    ended = subprocess.run(
        [*argv, "--kills=2", f"--json={out}"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    measured = {sample["measure"] for sample in json.loads(out.read_text())["samples"]}
    assert measured == {"start", "mass_death", "stop", "restart"}
