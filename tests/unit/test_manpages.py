"""The manual pages are current, complete, and what groff takes without a word."""

from __future__ import annotations

import re
import string
import subprocess
from pathlib import Path

import manpages
import pytest

from ncolony.scheduler import jobspec
from ncolony.spec import parse
from needed import need

MAN = Path(__file__).parents[2] / "man"
PAGES = dict(manpages.pages())
_PROGRAMS = sorted(name for name in PAGES if not name.startswith("man5/"))


def groff(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Typeset for a terminal without colours, with all warnings."""
    need("groff")
    command = ["groff", "-ww", "-man", "-Tascii", "-P-cbou", *arguments]
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    """What ``make generated`` would write is what is there, in ASCII."""
    assert PAGES[name].isascii()
    assert (MAN / name).read_text(encoding="utf-8") == PAGES[name]


def test_there_is_no_other_page() -> None:
    """Each comes from a template, and each list that is made is in one."""
    assert {str(file.relative_to(MAN)) for file in MAN.glob("*/*")} == set(PAGES)
    marks = {mark for file in manpages.TEMPLATES.glob("*.in") for mark in marks_of(file)}
    assert marks == set(manpages.LISTS)


def marks_of(template: Path) -> list[str]:
    return manpages.MARK.findall(template.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_typeset_without_a_warning(name: str) -> None:
    """As groff(1) says it with all warnings on."""
    done = groff("-z", str(MAN / name))
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_sections_that_people_look_for(name: str) -> None:
    """Of programs also how they are called and how they end."""
    found = re.findall(r"^\.SH (.+)$", PAGES[name], re.MULTILINE)
    wanted = ["NAME", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO"]
    wanted += ["SYNOPSIS", "OPTIONS", "EXIT STATUS"] if name in _PROGRAMS else ["KEYS"]
    assert set(wanted) <= set(found)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_refers_to_pages_that_are_there(name: str) -> None:
    """Ours, in their sections."""
    text = PAGES[name].replace("\\-", "-")
    referred = re.findall(r"(ncolony[a-z-]*)(?: |\\fR)?\(([1-8])\)", text)
    assert referred
    assert {f"man{section}/{page}.{section}" for page, section in referred} <= set(PAGES)


@pytest.mark.parametrize(
    ("name", "parser"), [("man5/ncolony-process.5", parse), ("man5/ncolony-job.5", jobspec.parse)]
)
def test_the_example_of_a_file_can_be_used(name: str, parser: object) -> None:
    """It is read without a fault or a warning."""
    [example] = re.findall(r"^\.EX\n(.*?)^\.EE", PAGES[name], re.MULTILINE | re.DOTALL)
    assert callable(parser)
    found = parser("web", example.replace("\\-", "-").encode())
    assert getattr(found, "process", found).warnings == ()


def test_what_is_there_is_what_is_shown() -> None:
    """No sign of the tables means anything to groff; a line may begin with any."""
    signs = "".join(sign for sign in string.printable if sign.isprintable() and sign != " ")
    for text in (signs, ".br", "'br", "\\fBx", "-x", "…"):
        done = groff(text=f".TH X 1\n.nh\n.nf\n{manpages.plain(text)}\n")
        assert text.replace("…", "...") in done.stdout.split()
        assert done.stderr == ""


def test_code_is_bold_and_a_link_is_its_text() -> None:
    """As the reference's tables have them."""
    assert manpages.prose("see [`log`](output.md), `a-b`") == r"see \fBlog\fR, \fBa\-b\fR"
    assert manpages.prose(".new") == r"\&.new"
