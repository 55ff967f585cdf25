"""When a file ends: arithmetic on blocks, sizes and times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncolony.retention import Rotated, surplus
from ncolony.rotation import AWAIT_LINE_END, NEAR_THE_END, newest_us, next_us, portion, stamp

FAR = 10 * NEAR_THE_END


@pytest.mark.parametrize(
    ("block", "size", "whole", "limit", "due", "expected"),
    [
        # Far from its end a file takes bytes as they come.
        (b"one\ntw", 0, True, FAR, False, 6),
        (b"tw", 3, False, FAR, False, 2),
        (b"one\ntw", 0, True, None, False, 6),
        # Near it whole lines only, unless the line began before.
        (b"one\ntw", 0, True, 10, False, 4),
        (b"tw", 4, True, 10, False, AWAIT_LINE_END),
        (b"two\n", 4, True, 10, False, 4),
        (b"tw", 4, False, 10, False, 2),
        # What doesn't fit goes to the next file, from a line's beginning on.
        (b"two\nthree\n", 4, True, 10, False, 4),
        (b"three\n", 8, True, 10, False, 0),
        (b"three", 8, True, 10, False, 0),
        # A line that is longer than a file, or that began in this one, ends here.
        (b"0123456789abc\nnext\n", 0, True, 10, False, 14),
        (b"0123456789abc", 0, True, 10, False, 13),
        (b"abc\nnext\n", 8, False, 10, False, 4),
        (b"abc", 8, False, 10, False, 3),
        (b"abc\nnext\n", 12, False, 10, False, 4),
        # A file that has to end does so with its line.
        (b"one\n", 4, True, FAR, True, 0),
        (b"ne\ntwo\n", 4, False, FAR, True, 3),
        (b"ne", 4, False, None, True, 2),
        (b"one\n", 0, True, FAR, True, 4),
    ],
)
def test_so_much_of_a_block_goes_into_a_file(
    block: bytes, size: int, whole: bool, limit: int | None, due: bool, expected: int
) -> None:
    """The next file begins with a line, and no file is too large but for one line's sake."""
    assert portion(block, size, whole, limit, due) == expected


@given(
    st.binary(min_size=1, max_size=50).map(lambda text: text.translate(b"\n" * 99 + b"x" * 157)),
    st.integers(0, 60),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 60)),
    st.booleans(),
)
def test_a_file_always_takes_something_or_ends(
    block: bytes, size: int, whole: bool, limit: int | None, due: bool
) -> None:
    """Nobody goes round in circles, and an empty file doesn't end."""
    whole = whole or size == 0
    found = portion(block, size, whole, limit, due)
    if found == 0:
        assert whole
        assert size > 0
    elif found == AWAIT_LINE_END:
        assert whole
        assert b"\n" not in block
        assert limit is not None
        assert size + len(block) <= limit
    elif limit is not None and size + found > limit:
        assert b"\n" not in block[: found - 1][limit - size if limit > size else 0 :]


@given(st.integers(0, 250_000_000_000_000_000))
def test_a_time_in_a_name_can_be_read_back(moment_us: int) -> None:
    """To the microsecond."""
    assert newest_us([stamp(moment_us)]) == moment_us


@given(st.lists(st.integers(0, 4_000_000_000_000_000), min_size=2, unique=True))
def test_names_sort_as_times_do(moments_us: list[int]) -> None:
    """Whoever lists a directory sees the order of writing."""
    assert sorted(map(stamp, moments_us)) == list(map(stamp, sorted(moments_us)))


def test_a_time_has_this_form() -> None:
    """ISO 8601's basic format, which needs no quoting anywhere."""
    assert stamp(1_800_000_000_000_001) == "20270115T080000.000001Z"


@pytest.mark.parametrize(
    ("utc", "last_us", "expected"),
    [
        (2.0, 0, 2_000_000),
        (2.0, 2_000_000, 2_000_001),
        (1.0, 2_000_000, 2_000_001),
    ],
)
def test_each_time_is_later_than_the_last(utc: float, last_us: int, expected: int) -> None:
    """Two rotations in a microsecond, or a clock that went back, change no order."""
    assert next_us(utc, last_us) == expected


def test_what_is_no_time_is_none() -> None:
    """A name that somebody made up doesn't push all others behind it."""
    good = "20270115T080000.000001Z"
    jokes = ["20271315T080000.000001Z", "99991231T235959.999999Z"]
    assert newest_us([*jokes, good]) == 1_800_000_000_000_001
    assert newest_us(jokes) == 0


# What is kept


def rotated(*sizes: int) -> list[Rotated]:
    return [Rotated(f"t{number}", f"t{number}.log", size) for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("keep", "keep_size", "gone"),
    [
        (4, None, []),
        (3, None, ["t0"]),
        (0, None, ["t0", "t1", "t2", "t3"]),
        (9, 100, []),
        (9, 99, ["t0"]),
        (9, 70, ["t0", "t1"]),
        (9, 69, ["t0", "t1", "t2"]),
        (9, 39, ["t0", "t1", "t2", "t3"]),
        (1, 100, ["t0", "t1", "t2"]),
    ],
)
def test_the_oldest_go(keep: int, keep_size: int | None, gone: list[str]) -> None:
    """As many as are beyond the number, or beyond the bytes, and none that is newer than one
    that stays."""
    found = surplus(rotated(10, 20, 30, 40)[::-1], keep, keep_size)
    assert [file.stamp for file in found] == gone
