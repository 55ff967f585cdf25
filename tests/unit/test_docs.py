"""The documentation has everything that is there, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ncolony import cli, machine, request
from ncolony.control.arguments import COMMANDS
from ncolony.httpcheck.checkfile import CheckStatus
from ncolony.logspec import KEYS
from ncolony.model import State
from ncolony.options import Options
from ncolony.scheduler.jobfile import JobExit, JobStatus
from ncolony.schemas import statusfields
from ncolony.spec import FIELDS
from ncolony.status import LastExit, MonitorStatus, StatusRecord, Watched

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted(
    page for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md")) if "_build" not in page.parts
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
#: By their whole names; that of one which is made of others stands for those as well.
_WITH_OPTIONS = sorted(set(cli.build("ncolony", COMMANDS)[1]) - {"run"})
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def tables() -> ModuleType:
    """docs/tables.py, which fills in what is made from the code."""
    spec = importlib.util.spec_from_file_location("docs_tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reference(page: str) -> str:
    """A page of the reference, with its tables in place."""
    found: str = tables().filled((REFERENCE / page).read_text(encoding="utf-8"))
    return found


def missing(page: str, words: set[str]) -> set[str]:
    """Which of these the page never has as code."""
    text = reference(page)
    return {word for word in words if not re.search(rf"`[^`\n]*{re.escape(word)}(?![\w-])", text)}


def test_every_key_of_a_process_file_is_in_the_reference() -> None:
    """Each key, with what it allows and what it means."""
    text = reference("process-file.md")
    rows = [f"| `{field.name}` | {field.allowed} | {field.meaning} |" for field in FIELDS.values()]
    assert [row for row in rows if row not in text] == []


def test_every_key_of_log_is_in_the_reference() -> None:
    """Each key of the object, with what it allows and what it means."""
    text = reference("output.md")
    rows = [
        rf"\| `{name}` \| {re.escape(key.allowed)} \| .+ \| {re.escape(key.meaning)} \|"
        for name, key in KEYS.items()
    ]
    assert [row for row in rows if not re.search(row, text)] == []


def test_every_request_is_in_the_reference() -> None:
    """Each type a message may have."""
    words = {f'"type": "{kind}"' for kind in request.TYPES}
    assert missing("requests.md", words) == set()


@pytest.mark.parametrize(
    ("fields", "kind", "inside"),
    [
        (statusfields.PROCESS, StatusRecord, {"last_exit": LastExit}),
        (statusfields.MONITOR, MonitorStatus, {"directories": Watched}),
        (statusfields.CHECK, CheckStatus, {}),
        (statusfields.JOB, JobStatus, {"last_exit": JobExit}),
    ],
)
def test_every_field_of_a_status_has_a_meaning(
    fields: statusfields.Fields, kind: Any, inside: dict[str, Any]
) -> None:
    """The table has what the programs write, in the same order, also of what is inside."""
    assert list(fields) == ["schema", *kind._fields]
    members = {name: tuple(row.members) for name, row in fields.items() if row.members}
    assert members == {name: part._fields for name, part in inside.items()}


def test_every_state_and_every_event_is_in_the_reference() -> None:
    """What a status may say, and the machine's whole table."""
    assert missing("status.md", set(State)) == set()
    text = reference("status.md")
    assert [event for event in machine.TABLE if f"| **{event.__name__}** |" not in text] == []


def test_every_command_is_in_the_reference() -> None:
    """Each command, its operands in a heading or an example."""
    words = {f"ncolony {command}" for command in COMMANDS if command != "start"}
    text = reference("commands.md")
    assert {word for word in words if word not in text} == set()
    assert "`start NAME`" in text


@pytest.mark.parametrize("command", _WITH_OPTIONS)
def test_every_option_of_a_command_is_in_the_reference(command: str) -> None:
    """Each that its help shows."""
    _, parsers = cli.build("ncolony", (command,))
    shown = re.findall(r"(?<![\w-])--[a-z][a-z-]*", parsers[command].format_help())
    assert missing("commands.md", set(shown)) == set()


def test_every_option_of_the_monitor_is_in_the_reference() -> None:
    """Each, by its long name and, where it has one, its letter."""
    words = {f"--{long}" for long, *_ in Options.optParameters}
    words |= {f"-{short}" for _, short, *_ in Options.optParameters if short}
    assert missing("monitor.md", words) == set()


def test_no_table_is_asked_for_that_nobody_makes() -> None:
    """A mark with a wrong name would stay in the page, unseen."""
    made = tables()
    marks = [m for page in PAGES for m in made.MARK.findall(page.read_text(encoding="utf-8"))]
    assert sorted(marks) == sorted(made.TABLES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link is to a file that is there."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    links = [link for link in _LINK.findall(text) if "://" not in link and link[0] != "#"]
    lost = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert lost == []


@pytest.mark.parametrize(
    "page",
    [*PAGES, *sorted((ROOT / "newsfragments").glob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_lines_of_text_are_at_most_120_columns_wide(page: Path) -> None:
    """But for rows of tables, which can't be wrapped, and for code."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    wide = [line for line in text.splitlines() if len(line) > 120]
    assert [line for line in wide if not line.startswith(("|", "    "))] == []
