"""What is wrong, said once when it begins and once when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple


class Trouble(NamedTuple):
    """A trouble that several may have, and what is said when it is over for all of them."""

    what: str
    over: str


class Troubles:
    """Who has which trouble: the first one that has it is named, and the others needn't be.

    ``said`` is given lines for people.
    """

    def __init__(self, said: Callable[[str], None]) -> None:
        self._said = said
        self._of: dict[str, Trouble] = {}
        self._having: Counter[Trouble] = Counter()

    def begin(self, who: str, trouble: Trouble, line: str) -> None:
        """It has this trouble, maybe for long; ``line`` is what to say if nobody had it yet."""
        if self._of.get(who) == trouble:
            return
        self.forget(who)
        self._of[who] = trouble
        self._having[trouble] += 1
        if self._having[trouble] == 1:
            self._said(line)

    def end(self, who: str) -> None:
        """It is well, as maybe it was."""
        trouble = self._of.get(who)
        if trouble is not None:
            self.forget(who)
            if trouble not in self._having:
                self._said(trouble.over)

    def forget(self, who: str) -> None:
        """It is no more, or its trouble has become another one."""
        trouble = self._of.pop(who, None)
        if trouble is not None:
            self._having[trouble] -= 1
            if not self._having[trouble]:
                del self._having[trouble]
