"""How those who watch over processes ask the monitor for the restart of a run that is no good."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from . import request
from .isystem import IFiles
from .names import MAX_NAME_BYTES
from .observing import Run
from .troubles import Trouble, Troubles

#: Whose trouble it is when no request can be written: everybody's.
_ALL = "messages"


class Restarts:
    """Asks by files in ``messages``, whose names begin with ``asker``.

    A request names the pid of the run that is meant. So one death brings one restart, whoever else
    asks for it, and none where the process has ended by itself meanwhile, or somebody stops it: the
    monitor drops what is about a run that is over. ``said`` is given a line for people of each
    restart that is asked for.
    """

    def __init__(
        self,
        files: IFiles,
        messages: str,
        asker: str,
        troubles: Troubles,
        said: Callable[[str], None],
    ) -> None:
        self._files = files
        self._messages = messages
        self._asker = asker
        self._troubles = troubles
        self._said = said

    def ask(self, name: str, run: Run | None, why: str) -> bool:
        """Ask for a restart of this run; False where no request can be written, which is said.

        Without a run, for nothing is known of any, whatever runs is restarted. The same asker's
        request for the same process replaces one that hasn't been taken up.
        """
        asked = request.Restart(name, why, None if run is None else run.pid)
        try:
            self._files.write(self._messages, self._file(name), request.encode(asked))
        except OSError as error:
            reason = f"cannot write to {self._messages}: {error.strerror}"
            trouble = Trouble(reason, "restarts can be asked for again")
            self._troubles.begin(_ALL, trouble, f"cannot ask for a restart of {name}: {reason}")
            return False
        self._troubles.end(_ALL)
        self._said(f"asked for a restart of {name}: {why}")
        return True

    def _file(self, name: str) -> str:
        file = f"{self._asker}-{name}"
        if len(file.encode("utf-8", "surrogateescape")) <= MAX_NAME_BYTES:
            return file
        return f"{self._asker}-{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()}"
