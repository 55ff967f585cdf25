"""The marks by which descendants are known."""

from __future__ import annotations

import pytest

from ncolony import marks
from ncolony.marks import BASES, Marks, is_base

MOST = BASES - 1


@pytest.mark.parametrize("base", [1, 4711, MOST])
@pytest.mark.parametrize("name", ["web", "", "é", "\udcff", "x" * 255])
def test_a_mark_is_a_limit_that_the_kernel_takes(base: int, name: str) -> None:
    """Positive, below what counts as unlimited, and the same each time."""
    mark = Marks(base).of_name(name)
    assert 0 < mark < 1 << 62
    assert mark == Marks(base).of_name(name)


def test_names_and_colonies_have_marks_of_their_own() -> None:
    """A thousand of each, no two alike."""
    names = [f"web{number}" for number in range(1000)]
    found = {Marks(base).of_name(name) for base in (1, 2, MOST) for name in names}
    assert len(found) == 3000


def test_only_ones_own_marks_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another colony's, a limit that somebody set, and none."""
    found = {
        1: Marks(7).of_name("web"),
        2: Marks(8).of_name("web"),
        3: 1024,
        4: None,
        5: (1 << 62) + Marks(7).of_name("web"),
    }
    monkeypatch.setattr(marks, "locks_limit", found.get)
    assert {pid: Marks(7).of_pid(pid) for pid in (*found, 9)} == {
        1: found[1],
        **dict.fromkeys((2, 3, 4, 5, 9)),
    }


@pytest.mark.parametrize(
    ("number", "answer"), [(-1, False), (0, False), (1, True), (MOST, True), (MOST + 1, False)]
)
def test_a_colony_s_number_has_bounds(number: int, answer: bool) -> None:
    """0 would make marks of any small limit."""
    assert is_base(number) is answer
