"""What came of one check."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Verdict(Enum):
    """What a check says of a process."""

    GOOD = "it answers as it should"
    BAD = "it doesn't"
    NONE = "the check could not be made, which says nothing of it"


class Outcome(NamedTuple):
    """``result`` is for people: ``200 in 3 ms``, ``timed out after 5 s``."""

    verdict: Verdict
    result: str
