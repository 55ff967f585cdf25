"""Requests, from bytes and to bytes."""

from __future__ import annotations

import json

import pytest

from ncolony import request

TYPES = (
    "allowed: one of RESTART, START, STOP, SIGNAL, RESTART-ALL, RESTART-GROUP, ROTATE, ROTATE-ALL"
)


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        ({"type": "RESTART", "name": "web"}, request.Restart("web")),
        ({"type": "RESTART", "name": "web", "pid": 8}, request.Restart("web", pid=8)),
        ({"type": "START", "name": "web", "pid": "odd", "reason": "r"}, request.Start("web", "r")),
        ({"type": "STOP", "name": "web"}, request.Stop("web")),
        ({"type": "SIGNAL", "name": "web", "signal": "HUP"}, request.Signal("web", "HUP")),
        ({"type": "SIGNAL", "name": "web", "signal": "sigusr1"}, request.Signal("web", "USR1")),
        ({"type": "SIGNAL", "name": "web", "signal": 1}, request.Signal("web", "1")),
        ({"type": "RESTART-ALL", "name": 7, "odd": 1}, request.RestartAll()),
        ({"type": "RESTART-GROUP", "group": "g"}, request.RestartGroup("g")),
        ({"type": "ROTATE", "name": "web", "reason": "r"}, request.Rotate("web", "r")),
        ({"type": "ROTATE-ALL", "name": "web"}, request.RotateAll()),
    ],
)
def test_a_request_is_understood(document: dict[str, object], asked: request.Request) -> None:
    """Each type with its fields; what else is there is passed over."""
    assert request.parse(json.dumps(document).encode()) == asked


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "found no valid JSON (Expecting value: line 1 column 1 (char 0)); "),
        ("[1]", "found a list; allowed: a JSON object"),
        ("{}", f"type: found none; {TYPES}"),
        ('{"type": 1}', f"type: found the number 1; {TYPES}"),
        ('{"type": "restart"}', f'type: found the string "restart"; {TYPES}'),
        ('{"type": ["RESTART"]}', f"type: found a list; {TYPES}"),
        ('{"type": "STOP"}', "name: found none; allowed: a string, not empty"),
        ('{"type": "STOP", "name": ""}', 'name: found the string ""; allowed: a string, not'),
        ('{"type": "STOP", "name": 1}', "name: found the number 1; allowed: a string, not empty"),
        ('{"type": "RESTART-GROUP", "name": "x"}', "group: found none; allowed: a string, not"),
        ('{"type": "ROTATE"}', "name: found none; allowed: a string, not empty"),
        ('{"type": "SIGNAL", "name": "x"}', "signal: found none; allowed: a signal's name or"),
        ('{"type": "SIGNAL", "name": "x", "signal": true}', "signal: found true; allowed: a sig"),
        ('{"type": "SIGNAL", "name": "x", "signal": "SIG"}', 'signal: found the string "SIG"; '),
        ('{"type": "SIGNAL", "name": "x", "signal": 1.5}', "signal: found the number 1.5; allow"),
        ('{"type": "STOP", "name": "x", "reason": 1}', "reason: found the number 1; allowed: a"),
        ('{"type": "RESTART", "name": "x", "pid": 0}', "pid: found the number 0; allowed: a proc"),
        ('{"type": "RESTART", "name": "x", "pid": true}', "pid: found true; allowed: a process's"),
        ("[" * 60_000, "found no valid JSON ("),
        (" " * request.MAX_BYTES + "1", f"found more than {request.MAX_BYTES} bytes; allowed: "),
    ],
)
def test_what_is_not_understood_is_told_in_a_line(text: str, fault: str) -> None:
    """Field, what was found, what is allowed."""
    with pytest.raises(request.RequestError) as caught:
        request.parse(text.encode())
    assert str(caught.value).startswith(fault)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_not_understood() -> None:
    """Invalid UTF-8 is an error of the same kind."""
    with pytest.raises(request.RequestError, match="found no valid JSON"):
        request.parse(b'{"type": "\xff"}')


def test_a_reason_is_one_short_line() -> None:
    """It goes into a log and a table: white space is one space, and 200 characters are enough."""
    document = {"type": "RESTART-ALL", "reason": " new\n\tcertificate " + "x" * 300}
    reason = request.parse(json.dumps(document).encode()).reason
    assert reason == ("new certificate " + "x" * 300)[:200]


def test_a_request_is_written_without_an_empty_reason() -> None:
    """The smallest file that says it."""
    assert json.loads(request.encode(request.Stop("web"))) == {"type": "STOP", "name": "web"}
    assert json.loads(request.encode(request.Restart("web", pid=8))) == {
        "type": "RESTART",
        "name": "web",
        "pid": 8,
    }
    assert json.loads(request.encode(request.RestartAll("r"))) == {
        "type": "RESTART-ALL",
        "reason": "r",
    }
