"""What a process may do, and where it runs, as its file says it."""

from __future__ import annotations

import resource

import pytest

from ncolony.context import LIMITS, PLAIN, ExecContext, limits, umask
from ncolony.values import MAX_SIZE, Wrong


def test_a_plain_context_is_the_monitors() -> None:
    """Nothing is set."""
    assert ExecContext() == PLAIN == (None, None, None, None, None, (), None, None, False)


def test_every_limit_of_the_machine_has_its_name() -> None:
    """But for the one that the monitor knows its processes by."""
    there = {name for name in dir(resource) if name.startswith("RLIMIT_")} - {"RLIMIT_OFILE"}
    assert {f"RLIMIT_{name.upper()}" for name in LIMITS} == there
    assert list(LIMITS) == sorted(LIMITS)
    assert "locks" not in LIMITS


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (64, (64, 64)),
        ("64K", (65_536, 65_536)),
        ("unlimited", (None, None)),
        ([0, 64], (0, 64)),
        ([64, 64], (64, 64)),
        ([64, "unlimited"], (64, None)),
        (["unlimited", "unlimited"], (None, None)),
        (["1K", "1M"], (1024, 1 << 20)),
        (MAX_SIZE, (MAX_SIZE, MAX_SIZE)),
    ],
)
def test_a_limit_is_one_bound_or_two(value: object, limit: tuple[int | None, int | None]) -> None:
    """Soft and hard, each a number, a size, or none at all."""
    assert limits({"nofile": value}) == (("nofile", limit),)


def test_limits_come_in_the_order_of_their_names() -> None:
    """However a file has them: the same limits are the same value."""
    assert limits({"stack": 1, "as": 2, "core": 0}) == (
        ("as", (2, 2)),
        ("core", (0, 0)),
        ("stack", (1, 1)),
    )
    assert limits({}) == ()


@pytest.mark.parametrize(
    ("value", "found", "where"),
    [
        ([], "an empty list", ""),
        (None, "null", ""),
        ({"files": 1}, 'the limit "files"', ""),
        ({"locks": 1}, 'the limit "locks"', ""),
        ({"NOFILE": 1}, 'the limit "NOFILE"', ""),
        ({"nofile": None}, "null", ".nofile"),
        ({"nofile": -1}, "the number -1", ".nofile"),
        ({"nofile": "infinity"}, 'the string "infinity"', ".nofile"),
        ({"nofile": []}, "a list of 0", ".nofile"),
        ({"nofile": [1]}, "a list of 1", ".nofile"),
        ({"nofile": [1, 2, 3]}, "a list of 3", ".nofile"),
        ({"nofile": [1.5, 2]}, "the number 1.5", ".nofile[0]"),
        ({"nofile": [1, "x"]}, 'the string "x"', ".nofile[1]"),
        ({"nofile": [2, 1]}, "a soft limit above the hard one", ".nofile"),
        ({"nofile": ["unlimited", 1]}, "a soft limit above the hard one", ".nofile"),
    ],
)
def test_what_is_no_limit_is_wrong(value: object, found: str, where: str) -> None:
    """What was found, and where."""
    with pytest.raises(Wrong) as caught:
        limits(value)
    assert (caught.value.found, caught.value.where) == (found, where)


@pytest.mark.parametrize(
    ("text", "mask"), [("0", 0), ("22", 0o22), ("027", 0o27), ("0777", 0o777), ("777", 0o777)]
)
def test_a_umask_is_octal(text: str, mask: int) -> None:
    """As a shell takes it."""
    assert umask(text) == mask


@pytest.mark.parametrize("value", ["", "8", "0o27", "1000", "00027", "-1", " 27", "٣", 0, 27, None])
def test_what_is_no_umask_is_wrong(value: object) -> None:
    """A number is decimal in JSON, and would be another mask than the one that is meant."""
    with pytest.raises(Wrong):
        umask(value)
