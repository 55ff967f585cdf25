"""The benchmarks read records and logs right, and set each figure beside the right floor."""

import importlib
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


needs_cc = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
#: Each case of a benchmark has two minutes for itself.
patient = pytest.mark.timeout(600)


@pytest.fixture
def tools(tmp_path):
    """The programs that read files back, compiled."""
    run, supervisor = map(importlib.import_module, ("run", "supervisor"))
    check = run.built("check", tmp_path)
    return supervisor.Tools(sys.executable, tmp_path, check, check)


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


@needs_cc
@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([[0, 1], [2, 3]], (4, 0, 0, 0, 0, 0)),
        ([[0, 1], [3]], (3, 1, 0, 0, 0, 0)),
        ([[0, 1], [1, 2, 3]], (5, 0, 1, 0, 0, 0)),
        ([[0, 2], [1, 3]], (4, 0, 0, 0, 1, 0)),
    ],
)
def test_lines_are_counted_over_all_files(tmp_path, tools, files, found):
    """What is missing, there twice or out of order in files read one after another is told."""
    flood, loglines = map(importlib.import_module, ("flood", "loglines"))
    paths = [tmp_path / str(at) for at in range(len(files))]
    for path, numbers in zip(paths, files, strict=True):
        path.write_bytes(b"".join(b"a 12: " + flood.line(number) for number in numbers))
    assert loglines.found_in(tools, paths, 4, "a ##: ", "") == found


@needs_cc
def test_a_line_that_goes_on_in_the_next_file_is_torn(tmp_path, tools):
    """Neither of its parts counts as the line, though both together are."""
    flood, loglines = map(importlib.import_module, ("flood", "loglines"))
    first, second = tmp_path / "1", tmp_path / "2"
    text = b"2026-11-25T02:15:04+0000 [x] said\n" + flood.line(0) + flood.line(1)
    first.write_bytes(text[:-30])
    second.write_bytes(text[-30:])
    found = loglines.found_in(tools, [first, second], 2, "", loglines.OWN)
    assert found == loglines.Found(1, missing=1, twice=0, torn=2, unordered=0, others=1)


def test_json_lines_are_read_back():
    """A line counts when its object has every key, its name and stream, and the text as written."""
    flood, loglines = map(importlib.import_module, ("flood", "loglines"))

    def text(number, **other):
        message = flood.line(number).decode().rstrip("\n")
        keys = {"time": "2026-11-25T02:15:04.123Z", "process": "s0", "stream": "stdout"}
        return json.dumps({**keys, "message": message, **other}).encode() + b"\n"

    texts = [text(0), text(1, stream="stderr"), text(2)[:-9], text(3), text(3), text(2), b"{}\n"]
    texts.append(b"2026-11-25T02:15:04+0000 [x] said\n")
    found = loglines.found_in_json(texts, 4, "s0", "stdout")
    assert found == loglines.Found(4, missing=1, twice=1, torn=3, unordered=1, others=1)


@pytest.mark.parametrize(
    ("value", "floor", "bar", "kept"),
    [
        (1.0, None, (1.0,), True),
        (1.1, None, (1.0,), False),
        (250.0, None, (250.0, ">="), True),
        (249.0, None, (250.0, ">="), False),
        (0.0, None, (0.0, "="), True),
        (2.4, 2.0, (1.2, "<=", True), True),
        (2.5, 2.0, (1.2, "<=", True), False),
        (2.5, None, (1.2, "<=", True), False),
        (2.5, None, None, None),
    ],
)
def test_a_bar_is_kept_or_not(value, floor, bar, kept):
    """By the figure itself, or by its ratio to a floor, without which it isn't kept."""
    figures = importlib.import_module("figures")
    asked = bar and figures.Bar(*bar)
    assert figures.Figure("case", "what", value, "ms", floor, "", asked).kept is kept


@pytest.mark.real
@patient
@needs_cc
def test_stress_is_measured(tmp_path):
    """The cases run from end to end; what they count is right on a busy machine as well."""
    out = tmp_path / "out.json"
    cases = [f"--case={name}" for name in ("deaf", "grandchildren", "files", "kills")]
    amounts = {"deaf": 3, "tries": 3, "lines": 20_000, "floods": 1, "crashes": 1}
    argv = [sys.executable, BENCH / "stress.py", "--quick", *cases, f"--folder={tmp_path}"]
    argv += [f"--amount={name}={value}" for name, value in amounts.items()]
    ended = subprocess.run([*argv, f"--json={out}"], capture_output=True, text=True, check=False)
    assert out.exists(), ended.stdout + ended.stderr
    document = json.loads(out.read_text())
    assert [sample for sample in document["samples"] if sample["fault"]] == []
    counted = {f["what"]: f["kept"] for f in document["about"]["figures"] if f["unit"] == ""}
    assert len(counted) == 8
    assert set(counted.values()) == {True}, counted


@pytest.mark.real
@patient
@needs_cc
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
