"""What a check says of a process, from bytes and to bytes."""

from __future__ import annotations

import json

import pytest

from ncolony.httpcheck import checkfile
from ncolony.httpcheck.checkfile import CheckFileError, CheckStatus

FULL = CheckStatus("web", "http", "unhealthy", "since", "last", "timed out after 5 s", 3, 9, 1)


@pytest.mark.parametrize("status", [FULL, CheckStatus("web", "http", "waiting", "since")])
def test_what_is_written_is_read(status: CheckStatus) -> None:
    """With its defaults, and one line each."""
    text = checkfile.encode(status)
    assert checkfile.decode(text) == status
    assert text.count(b"\n") == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"schema": 2}, "schema: found 2; allowed: 1"),
        ({"name": ""}, 'name: found the string ""'),
        ({"state": None}, "state: found null"),
        ({"failures": True}, "failures: found true"),
        ({"result": 3}, "result: found the number 3"),
    ],
)
def test_what_makes_no_sense_is_said(change: dict[str, object], found: str) -> None:
    """In a line."""
    document = {**json.loads(checkfile.encode(FULL)), **change}
    with pytest.raises(CheckFileError, match=found):
        checkfile.decode(json.dumps(document).encode())


def test_a_newer_checker_s_fields_are_passed_over() -> None:
    """And an older one's that are missing have their defaults."""
    document = {**json.loads(checkfile.encode(FULL)), "new": 1}
    del document["checks"]
    assert checkfile.decode(json.dumps(document).encode()) == FULL._replace(checks=0)
    del document["name"]
    with pytest.raises(CheckFileError, match="name: missing"):
        checkfile.decode(json.dumps(document).encode())
