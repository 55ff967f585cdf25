"""The table of ``ncolony status``, and what stands around it."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import pytest
from colonies import SINCE, FakeColony, failing, monitor, running

from ncolony import status
from ncolony.control import observed, showing, table
from ncolony.httpcheck import checkfile
from ncolony.httpcheck.checkfile import CheckStatus
from ncolony.status import Watched

NOW = datetime.fromisoformat(SINCE).timestamp() + 3 * 60 + 7


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


def test_columns_are_aligned() -> None:
    """Text to the left, numbers to the right, no blanks at the end."""
    rows = [running("web"), failing("longer", pid=None), observed.unknown("x", "")]
    assert list(table.lines(rows, NOW, None)) == [
        "NAME    STATE     PID    FOR  STARTS  WHY",
        "web     RUNNING  1234  3m07s       3  it was started",
        "longer  BACKOFF     -  3m07s       4  exited with code 3 after 0.0 s",
        "x       UNKNOWN     -      -       0",
    ]


def test_a_reason_is_cut_to_the_terminal_only() -> None:
    """On a terminal no line is longer than it; in a pipe nothing is lost."""
    record = running("web", reason="because " * 30)
    for width in (60, 80, 120):
        assert max(map(len, table.lines([record], NOW, width))) == width
    assert max(map(len, table.lines([record], NOW, None))) > 240
    assert next(iter(table.lines([record], NOW, 10))).startswith("NAME")


def test_colour_tells_what_is_not_as_wanted() -> None:
    """Colours change nothing else."""
    rows = [running("a"), failing("b")]
    plain, coloured = (list(table.lines(rows, NOW, None, colour=c)) for c in (False, True))
    assert "\x1b[32mRUNNING\x1b[0m" in coloured[1]
    assert "\x1b[31mBACKOFF\x1b[0m" in coloured[2]
    for code in ("\x1b[32m", "\x1b[31m", "\x1b[0m"):
        coloured = [line.replace(code, "") for line in coloured]
    assert coloured == plain


def test_a_refused_file_and_warnings_are_told() -> None:
    """A process that runs as before says that its new file isn't in force."""
    record = running("web", refused="cannot use web: args: missing", warnings=("unknown key",))
    line = list(table.lines([record], NOW, None))[1]
    assert line.endswith("cannot use web: args: missing; warning: unknown key")


def test_what_keeps_output_back_comes_before_why_it_runs() -> None:
    """A terminal cuts what stands last; where something is wrong besides, that stands first."""
    full = "output waits: No space left on device"
    rows = [running("a", output=full), failing("b", output=full, warnings=("odd",))]
    lines = list(table.lines(rows, NOW, None))
    assert lines[1].endswith(f"{full}; it was started")
    assert lines[2].endswith(f"exited with code 3 after 0.0 s; {full}; warning: odd")
    assert "\x1b[33mRUNNING\x1b[0m" in list(table.lines(rows, NOW, None, colour=True))[1]


def test_an_end_for_good_is_red_only_where_it_was_no_success() -> None:
    """A job that is done is nothing to look at."""
    done, lost = (running(n, state="EXITED", success=n == "a") for n in "ab")
    lines = list(table.lines([done, lost], NOW, None, colour=True))
    assert ("\x1b" in lines[1], "\x1b[31mEXITED\x1b[0m" in lines[2]) == (False, True)


def test_nothing_steers_the_terminal() -> None:
    """Escapes and line ends in names and reasons are shown, not obeyed."""
    record = running("a\x1b[2Jb", reason="one\ntwo \udcff")
    line = list(table.lines([record], NOW, None))[1]
    assert line.startswith(r"a\x1b[2Jb")
    assert line.endswith(r"one\ntwo \udcff")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m00s"), (3599, "59m59s"), (18120, "5h02m"),
     (86400 * 12 + 3600 * 4, "12d04h")],
)  # fmt: skip
def test_age(seconds: float, text: str) -> None:
    """A duration is shown in two units; a clock that went back is no negative one."""
    assert table.age(seconds) == text


def shown(colony: FakeColony, out: io.StringIO, *, running: bool) -> str:
    showing.as_table(out, colony.places, observed.records(colony.places), running)
    return out.getvalue()


def test_the_first_line_says_that_no_monitor_runs(colony: FakeColony) -> None:
    """Old records are not taken for the present."""
    colony.report(running("web"))
    first, header, _row = shown(colony, io.StringIO(), running=False).splitlines()
    assert first == "the monitor is not running"
    assert header.startswith("NAME")
    (colony.status / ".monitor").write_bytes(status.encode_monitor(monitor(state="stopped")))
    text = shown(colony, io.StringIO(), running=False)
    assert text.startswith(f"the monitor is not running; it ended at {SINCE}\n")


def test_a_running_monitor_says_what_is_wrong(colony: FakeColony) -> None:
    """A missing directory and its warnings stand above the table; a sound monitor says nothing."""
    assert shown(colony, io.StringIO(), running=True) == "no processes\n"
    missing = Watched("messages", "/m", "missing", 10.0)
    said = monitor(directories=(missing,), warnings=("few descriptors",))
    (colony.status / ".monitor").write_bytes(status.encode_monitor(said))
    assert shown(colony, io.StringIO(), running=True).splitlines() == [
        "the monitor's messages directory /m is missing",
        "the monitor warns: few descriptors",
        "no processes",
    ]
    (colony.status / ".monitor").write_bytes(b"?")
    assert "cannot read" in shown(colony, io.StringIO(), running=True).splitlines()[0]


def test_colour_is_for_terminals_without_no_color(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR, a dumb terminal and a pipe get none; a terminal's width cuts lines."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    colony.report(running("web", reason="x" * 200))
    assert "\x1b[32m" in shown(colony, Terminal(), running=True)
    assert "x" * 200 in shown(colony, io.StringIO(), running=True)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(colony, Terminal(), running=True)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) == 60
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("COLUMNS")
    assert "\x1b" not in shown(colony, Terminal(), running=True)


def test_json_holds_everything(colony: FakeColony) -> None:
    """One object, with each record as in its file."""
    colony.report(running("web"))
    colony.configure("new")
    records = observed.records(colony.places)
    out = io.StringIO()
    showing.as_json(out, colony.places, records, running=False)
    document = json.loads(out.getvalue())
    assert document["processes"]["web"] == json.loads((colony.status / "web").read_bytes())
    assert document["processes"]["new"]["reason"] == "the monitor is not running"
    assert (document["running"], document["monitor"]) == (False, None)
    (colony.status / ".monitor").write_bytes(status.encode_monitor(monitor()))
    out = io.StringIO()
    showing.as_json(out, colony.places, records, running=True)
    assert json.loads(out.getvalue())["monitor"]["pid"] == 77


def a_check(name: str, state: str, result: str) -> CheckStatus:
    """What the HTTP checker says of a process."""
    return CheckStatus(name, "http", state, SINCE, SINCE, result, 1, 9, 0)


def test_who_answers_badly_is_shown(colony: FakeColony) -> None:
    """Before why it runs; a healthy one, and a check that can't be read, change nothing."""
    colony.report(*[running(name) for name in ("bad", "good", "odd")])
    checks = colony.status / ".checks"
    checks.mkdir()
    for check in (
        a_check("bad", "unhealthy", "found status 500"),
        a_check("good", "healthy", "200"),
    ):
        (checks / check.name).write_bytes(checkfile.encode(check))
    (checks / "odd").write_bytes(b"?")
    bad, good, odd = shown(colony, io.StringIO(), running=True).splitlines()[1:]
    assert bad.endswith("unhealthy: found status 500; it was started")
    assert good.endswith("3  it was started")
    assert odd.endswith("3  it was started")
    out = io.StringIO()
    showing.as_json(out, colony.places, observed.records(colony.places), running=True)
    processes = json.loads(out.getvalue())["processes"]
    assert processes["bad"]["check"]["result"] == "found status 500"
    assert processes["good"]["check"]["state"] == "healthy"
    assert "check" not in processes["odd"]


def test_who_answers_badly_is_coloured_as_one_in_trouble() -> None:
    """It runs, and isn't well."""
    checks = {"web": a_check("web", "unhealthy", "timed out after 5 s")}
    rows = list(table.lines([running("web")], NOW, None, colour=True, checks=checks))
    assert "\x1b[33mRUNNING\x1b[0m" in rows[1]
