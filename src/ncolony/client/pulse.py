"""Heartbeats of a program that has a loop of its own."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ALWAYS = float("-inf")
_NEVER = float("inf")


class Pulse:
    """Beats as ``environ`` asks, not more often than three times a period by ``mono``.

    What goes wrong is said once by ``said``, on standard error without it, and once more only after
    a beat has worked in between.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        mono: Callable[[], float],
        said: Callable[[str], None] | None = None,
    ) -> None:
        self._environ = environ
        self._mono = mono
        self._said = said or _complain
        self._next_mono = _ALWAYS
        self._path: str | None = None
        self._every_s = _NEVER
        self._failing = False

    def beat(self) -> bool:
        """Say that the program is well: touch its file where that is due; whether it did.

        Call it wherever the program gets on with its work, as often as you like: where nothing is
        due, or nobody asks for a heartbeat, a call costs less than 0.1 microseconds. It may be
        called from any thread; two at once may touch the file twice. The configuration is read at
        the first call. Never raises for a disk or a configuration that is wrong: it says so once,
        and where that can help tries again a third of a period later.
        """
        if self._mono() < self._next_mono:
            return False
        return self._touch()

    def _touch(self) -> bool:
        from .asked import touch

        if self._path is None and not self._begin():
            self._next_mono = _NEVER
            return False
        path = self._path or ""
        self._next_mono = self._mono() + self._every_s
        try:
            touch(path)
        except OSError as error:
            if not self._failing:
                self._said(f"cannot touch {path}: {error.strerror}")
            self._failing = True
            return False
        self._failing = False
        return True

    def _begin(self) -> bool:
        from .asked import BEATS, CheckKeyError, asked

        try:
            found = asked(self._environ)
        except CheckKeyError as error:
            self._said(f"cannot beat: {error}")
            return False
        if found is None:
            return False
        self._path, self._every_s = found.path, found.period_s / BEATS
        return True


def _complain(text: str) -> None:
    try:
        sys.stderr.write(f"ncolony: {text}\n")
    except (AttributeError, OSError, ValueError):
        pass  # no standard error: closed, or full, as the disk may be
