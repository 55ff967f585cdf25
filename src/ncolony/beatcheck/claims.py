"""Which of several checkers asks for a restart, where each finds the same process dead.

Requests of the same name replace each other only until the monitor takes one; a second one some
milliseconds later would end the new run. So a checker says in a file that it is about to ask, and
asks only if the file is still its own a moment later. Files are all that checkers share, and they
have no more than rename, which makes the last one win.
"""

from __future__ import annotations

from hashlib import sha256

from ..isystem import IFiles
from ..names import MAX_NAME_BYTES

#: Beside the requests, where the monitor passes it over, as does all that passes over a write.
_FILE = ".beatcheck-{name}.new"
_MAX_BYTES = 200


class Claims:
    """Claims of the checker that is called ``who``, which no other checker is."""

    def __init__(self, files: IFiles, messages: str, who: str) -> None:
        self._files = files
        self._messages = messages
        self._who = who

    def take(self, name: str, now_mono: float, within_s: float) -> bool:
        """Say that we are about to ask; False where another did in the last ``within_s``.

        Raises OSError.
        """
        who, mono = self._read(name)
        if who not in ("", self._who) and 0 <= now_mono - mono < within_s:
            return False
        text = f"{now_mono:.3f} {self._who}\n"
        self._files.write(self._messages, _file(name), text.encode())
        return True

    def holds(self, name: str) -> bool:
        """Whether nobody else has said so since."""
        return self._read(name)[0] == self._who

    def drop(self, name: str) -> None:
        """What was said is over; another's claim stays."""
        try:
            if self.holds(name):
                self._files.remove(self._messages, _file(name))
        except OSError:
            pass  # what lies there too long does no harm

    def _read(self, name: str) -> tuple[str, float]:
        """Who says so, and when by the monotonic clock, which is the machine's."""
        try:
            text = self._files.read(self._messages, _file(name), _MAX_BYTES)
            mono, who = text.decode("ascii").split()
            return who, float(mono)
        except (OSError, ValueError):
            return "", 0.0


def _file(name: str) -> str:
    file = _FILE.format(name=name)
    if len(file.encode()) <= MAX_NAME_BYTES:
        return file
    return _FILE.format(name=sha256(name.encode()).hexdigest())
