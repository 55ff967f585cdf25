"""The schemas that are installed, and the program that prints them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ncolony import schemas
from ncolony.schemas import documents
from ncolony.schemas.__main__ import main


@pytest.mark.parametrize("name", documents.DOCUMENTS)
def test_a_schema_is_current(name: str) -> None:
    """What ``make generated`` would write is what is there."""
    assert schemas.text(name) == documents.text(name)


def test_every_schema_is_installed_and_no_other() -> None:
    """The files are those that are made."""
    assert schemas.names() == sorted(documents.DOCUMENTS)


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_one(name: str) -> None:
    """By the schema of schemas, with a title; what it refers to is there."""
    schema = json.loads(schemas.text(name))
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["title"]
    Draft202012Validator.check_schema(schema)
    referred = {ref.rpartition("/")[2] for ref in documents.references(schema)}
    assert referred == set(schema.get("$defs", {}))


def test_no_other_file_is_read() -> None:
    """A name is no path."""
    with pytest.raises(KeyError, match="__init__"):
        schemas.text("../__init__")


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its file, for an editor's settings."""
    assert main([]) == 0
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(listed) == schemas.names()
    assert all(os.path.isfile(path) for path in listed.values())


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """To the byte."""
    assert main([name]) == 0
    assert capsys.readouterr().out == Path(schemas.path(name)).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["proces"], "cannot print 'proces': no schema has this name; did you mean 'process'?"),
        (
            ["#"],
            f"cannot print '#': no schema has this name; known are {', '.join(schemas.names())}",
        ),
        (["job", "process"], "cannot print 2 schemas; allowed: one name, or none"),
    ],
)
def test_what_cannot_be_printed_is_said_in_a_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the nearest name, or all; the exit code is that of having asked wrongly."""
    assert main(words) == 2
    assert capsys.readouterr() == ("", f"python -m ncolony.schemas: {line}\n")


def gone() -> int:
    """A pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.real
@pytest.mark.parametrize(
    ("opened", "code", "said"),
    [
        (gone, 141, ""),
        (
            lambda: os.open("/dev/full", os.O_WRONLY),
            1,
            "python -m ncolony.schemas: cannot write the output: No space left on device\n",
        ),
    ],
    ids=["nobody reads it", "full disk"],
)
def test_output_that_cannot_be_written_is_no_traceback(
    opened: Callable[[], int], code: int, said: str
) -> None:
    """As of all our commands."""
    out = opened()
    done = subprocess.run(
        [sys.executable, "-m", "ncolony.schemas", "process"],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(out)
    assert (done.returncode, done.stderr) == (code, said)


def test_help_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line or two."""
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: python -m ncolony.schemas [NAME]\n")
