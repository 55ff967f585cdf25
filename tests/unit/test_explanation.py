"""What the documentation says of tests and modules is so: they are there, and on both sides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPLANATION = ROOT / "docs" / "explanation"
PAGES = sorted(EXPLANATION.glob("*.md"))
IN_MEMORY = ("tests/property/", "tests/unit/", "tests/contract/")
REAL = ("tests/real/", "tests/chaos/", "tests/container/", "bench/")
#: A row of the tables of promises: its number, and the tests of both columns.
ROW = re.compile(r"^\| (\d+) \| \*\*(\w[\w ]*)\.\*\* .*? \| (.*?) \| (.*?) \|$", re.MULTILINE)


def text_of(page: str) -> str:
    return (EXPLANATION / page).read_text(encoding="utf-8")


def promises() -> list[tuple[str, str, str, str]]:
    """Number, name, tests in memory, tests with real processes."""
    return ROW.findall(text_of("promises.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_path_that_a_page_names_is_there(page: Path) -> None:
    """Tests, benchmarks and pages' sources, by their whole path."""
    words = re.findall(r"`([^`\n ]+)`", page.read_text(encoding="utf-8"))
    paths = [word for word in words if re.match(r"(tests|bench|docs|src|examples)/", word)]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [word for word in words if re.fullmatch(r"test_\w+\.py", word)] == [], "where is it?"


def test_promises_are_numbered() -> None:
    """Each has a number of its own, and a section with its limits."""
    found = promises()
    assert [int(number) for number, *_ in found] == list(range(1, len(found) + 1))
    assert len(found) >= 11
    text = text_of("promises.md")
    assert [name for _, name, *_ in found if f"\n## {name}\n" not in text] == []


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise[1])
def test_a_promise_is_tried_in_memory_and_with_real_processes(
    promise: tuple[str, str, str, str],
) -> None:
    """At least one test of each kind, each in its column."""
    for column, folders in zip(promise[2:], (IN_MEMORY, REAL), strict=True):
        paths = re.findall(r"`([a-z]+/[^`]+)`", column)
        assert any(path.startswith("tests/") for path in paths)
        assert [path for path in paths if not path.startswith(folders)] == []


def modules() -> set[str]:
    """All modules and packages, as the page names them: without ``ncolony.``."""
    source = ROOT / "src" / "ncolony"
    files = (path.relative_to(source).with_suffix("") for path in source.rglob("*.py"))
    return {".".join(path.parts).removesuffix(".__init__") for path in files}


def test_each_module_that_the_map_of_the_code_names_is_there() -> None:
    """In its table, and where it says what is shared."""
    text = text_of("design.md")
    table = re.findall(r"(?m)^\| (?:\w.*?) \| (.*`.*) \| (.*`.*) \|$", text)
    (shared,) = re.findall(r"(?s)modules of their own: (.*?)\n\n", text)
    named = re.findall(
        r"`([a-z_.]+)`", " ".join([*(cell for row in table for cell in row), shared])
    )
    assert len(named) > 60
    assert [name for name in named if name not in modules()] == []
