"""Every block of code in the documentation is of a class, and each class is tested.

What is shown of a terminal is run by ``tests/real/test_terminal_pages.py``. A block that is new and
of no class fails here, and its author says by which class it is held to be true.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import commandlines
import scenes
from examples import BLOCKS, FILES, PAGES, commands, kind, of, row_of
from ncolony import beatspec, httpspec, request, schemas, spec, status
from ncolony.scheduler import jobspec
from pages import ROOT, Block, read

#: A command in the middle of a text.
_MENTION = re.compile(r"`(ncolony [a-z-][^`\n]*)`")


def _named(blocks: list[tuple[str, Block]]) -> Any:
    """Parameters of a test, with page and line as their name."""
    return pytest.mark.parametrize(
        ("page", "block"), [pytest.param(p, b, id=f"{p}:{b.line}") for p, b in blocks]
    )


@_named(BLOCKS)
def test_every_block_is_of_a_class(page: str, block: Block) -> None:
    """Nothing is shown that no test holds to be true, or says why it can't."""
    assert kind(page, block) is not None, block.text


def _a_process(text: bytes) -> None:
    assert spec.parse("web", text).warnings == ()
    for check in (beatspec.parse(text), httpspec.parse(text)):
        assert check is None or check.warnings == ()


def _json(text: str) -> None:
    """By the parser that the file is for: its keys say which that is."""
    document, raw = json.loads(text), text.encode()
    if "json.schemas" in document:  # an editor's settings
        assert {Path(row["url"]).stem for row in document["json.schemas"]} <= set(schemas.names())
    elif "schedule" in document:
        assert jobspec.parse("job", raw).process.warnings == ()
    elif "type" in document:
        request.parse(raw)
    elif "counts" in document:
        status.decode_monitor(raw)
    elif "schema" in document:
        status.decode(raw)
    else:
        _a_process(raw)
        words = document["args"]
        for at, word in enumerate(words):
            if word in ("ncolony", "twistd", "twisted") or word.endswith("/twistd"):
                assert commandlines.fault([Path(word).name, *words[at + 1 :]]) == ""


def _yaml(text: str) -> None:
    assert list(yaml.safe_load_all(text))


def _ini(text: str) -> None:
    found = configparser.ConfigParser(interpolation=None)
    found.read_string(text)
    assert found.sections()


CHECKS: dict[str | None, Callable[[str], object]] = {
    "json": _json,
    "yaml": _yaml,
    "ini": _ini,
}


@_named(of(*FILES))
def test_files_can_be_used(page: str, block: Block) -> None:
    """Each is read by what reads it in earnest, without a fault or a warning."""
    CHECKS[block.language](block.text)


@_named([*of("form", "shown", "jobs"), *[found for found in BLOCKS if found[1].language == "sh"]])
def test_commands_are_accepted(page: str, block: Block) -> None:
    """Each command line of ours that is shown, by the parser that it is for."""
    scene = row_of(page, block, scenes.SCENES)
    if scene is not None and scene.command:
        return
    lines = commandlines.ours(commands(block))
    faults = {" ".join(words): commandlines.fault(words) for words in lines}
    assert {line: fault for line, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_the_text_are_there(page: str) -> None:
    """So are their options."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    mentions = {mention: commandlines.unknown_words(mention) for mention in _MENTION.findall(text)}
    assert {mention: words for mention, words in mentions.items() if words} == {}


@_named(of("proven"))
def test_what_is_proven_elsewhere_is(page: str, block: Block) -> None:
    """The test has the words that the page has."""
    row = row_of(page, block, scenes.PROVEN)
    test = (ROOT / row.test).read_text(encoding="utf-8")
    for words in row.words:
        assert words in " ".join(block.text.split())
        assert words in test


@_named(of("excerpt"))
def test_excerpts_are_of_the_files(page: str, block: Block) -> None:
    """Each line is one of the file that the first line names."""
    name, *lines = block.text.splitlines()
    file = ROOT / scenes.EXCERPTS[page] / name.removeprefix("# ")
    there = {line.strip() for line in file.read_text(encoding="utf-8").splitlines()}
    assert [line for line in lines if line.strip() and line.strip() not in there] == []


@pytest.mark.parametrize("test", sorted(scenes.PROGRAMS.values()))
def test_programs_are_run(test: str) -> None:
    """By a test that is there."""
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / "tests" / "real" / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", [*scenes.SCENES, *scenes.PROVEN], ids=lambda row: row.begins)
def test_nothing_is_said_of_a_block_that_is_gone(row: Any) -> None:
    """Each row of the tables is of a block."""
    assert any(block.text.startswith(row.begins) for block in read(row.page))


@_named([f for f in of("directive") if str(f[1].language).startswith("{literalinclude}")])
def test_what_is_included_is_there(page: str, block: Block) -> None:
    """The file, by its path from the page."""
    file = (block.language or "").split()[1]
    assert (ROOT / page).parent.joinpath(file).is_file()


def test_a_reason_is_given_for_what_is_not_run() -> None:
    """And for nothing that isn't there."""
    used = {word for _, block in of("form") for word in commandlines.first_words(commands(block))}
    assert used == set(scenes.NOT_RUN)
    assert all(scenes.NOT_RUN.values())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (None, "web runs\n"),
        (None, "$ ncolony status\nno processes\n"),
        ("text", "web runs\n"),
        ("sh", "rm -r /\n"),
        ("", "ncolony status\n"),
        (None, "ncolony status\nno processes\n"),
    ],
)
def test_what_is_of_no_class_is_found_out(language: str | None, text: str) -> None:
    """Output that nobody compares, a program that nobody runs."""
    assert kind("docs/new.md", Block(1, "New", language, text)) is None
