"""How a process's file asks for its heartbeat to be watched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ncolony import beatspec
from ncolony.beatspec import Beat
from ncolony.checkkeys import CheckKeyError

RIGHT = {"period": 30, "grace": 3, "status": "/hearts"}


def parsed(**key: Any) -> Beat | None:
    """What comes of a file that has this key."""
    return beatspec.parse(json.dumps({"args": ["web"], "ncolony.beatcheck": key}).encode())


def fault(text: bytes) -> str:
    """Why a file asks wrongly."""
    with pytest.raises(CheckKeyError) as caught:
        beatspec.parse(text)
    return str(caught.value)


def test_a_file_asks_by_one_key() -> None:
    """In seconds, periods and a path; all else is the monitor's business."""
    assert parsed(**RIGHT) == Beat(30.0, 3.0, "/hearts")
    assert beatspec.parse(b'{"args": 3, "ncolony.httpcheck": 4}') is None
    assert beatspec.parse(b'{"ncolony.beatcheck": null}') is None


@pytest.mark.parametrize(("period", "seconds"), [("10s", 10), ("1.5m", 90), (0.1, 0.1), (2, 2)])
def test_a_period_is_a_number_or_has_a_unit(period: object, seconds: float) -> None:
    """As everywhere in a process's file."""
    assert parsed(**{**RIGHT, "period": period}) == Beat(seconds, 3.0, "/hearts")


def test_grace_is_three_periods_where_it_is_left_out() -> None:
    """Fractions are allowed."""
    assert parsed(period=2, status="/x") == Beat(2.0, 3.0, "/x")
    assert parsed(period=2, status="/x", grace=0.5) == Beat(2.0, 0.5, "/x")


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("period", 0, "the number 0"),
        ("period", 0.05, "the number 0.05"),
        ("period", -1, "the number -1"),
        ("period", "soon", 'the string "soon"'),
        ("period", True, "true"),
        ("period", None, "null"),
        ("period", 1e300, "the number 1e+300"),
        ("grace", "3", 'the string "3"'),
        ("grace", -1, "the number -1"),
        ("status", 3, "the number 3"),
        ("status", "", "an empty string"),
        ("status", "a\0b", 'a NUL byte in the string "a\\u0000b"'),
    ],
)
def test_a_wrong_value_is_named(key: str, value: object, found: str) -> None:
    """With the key, what was found, and what is allowed."""
    text = json.dumps({"ncolony.beatcheck": {**RIGHT, key: value}}).encode()
    allowed = beatspec.FIELDS[key].allowed
    assert fault(text) == f"ncolony.beatcheck.{key}: found {found}; allowed: {allowed}"


def test_every_fault_is_named() -> None:
    """Not just the first; also what is missing."""
    said = fault(b'{"ncolony.beatcheck": {"grace": -1}}')
    assert [part.partition(":")[0] for part in said.split("; ncolony")] == [
        "ncolony.beatcheck.period",
        ".beatcheck.grace",
        ".beatcheck.status",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", "found no valid JSON"),
        (b"{", "found no valid JSON"),
        (b"\xff", "found no valid JSON"),
        (b"[" * 100_000, "found no valid JSON"),
        (b"[]", "found an empty list"),
        (b'{"ncolony.beatcheck": 3}', "ncolony.beatcheck: found the number 3; allowed: an object"),
        (b'{"ncolony.beatcheck": {"period": NaN, "status": "/x"}}', "ncolony.beatcheck.period"),
    ],
)
def test_a_broken_file_is_no_traceback(text: bytes, found: str) -> None:
    """It is said what was found."""
    assert fault(text).startswith(found)


def test_an_unknown_key_is_a_warning_with_the_nearest_name() -> None:
    """The rest is used all the same."""
    beat = parsed(**RIGHT, perod=3)
    assert beat is not None
    assert beat.warnings == ('ncolony.beatcheck: unknown key "perod"; did you mean "period"?',)
    other = parsed(**RIGHT, zzz=3)
    assert other is not None
    assert other.warnings[0].endswith('unknown key "zzz"; known are period, grace, status')


def test_a_relative_path_is_a_warning() -> None:
    """It means another file in each program that has another working directory."""
    beat = parsed(period=3, status="hearts/web")
    assert beat is not None
    assert beat.status == "hearts/web"
    assert "working directory" in beat.warnings[0]
