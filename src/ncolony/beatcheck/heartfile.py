"""Where a process's heartbeat is looked for: a file, or a directory that holds a file of its name.

It is never opened. A FIFO is as good as a file: its times change as well. A stat(2) that never
returns, as on a network file system whose server is gone, holds up the whole checker; that is then
found dead itself by whoever watches over it.
"""

from __future__ import annotations

import errno

from ..isystem import IFiles, Stamp

_DIRECTORY = "a directory"


class HeartFile:
    """The heartbeat file of the process ``name``, whose file says ``status``."""

    def __init__(self, files: IFiles, status: str, name: str) -> None:
        self._files = files
        self._status = status
        self._name = name
        self._place = _split(status)
        self._inside = status.endswith("/")

    @property
    def path(self) -> str:
        """Where it was last looked for."""
        return "/".join(self._place)

    @property
    def directory(self) -> str:
        """What holds it."""
        return self._place[0] or "/"

    def identity(self) -> int | None:
        """A number that another beat changes; None where the file is missing.

        Raises OSError where nobody could beat or see it: also where its directory is missing.
        """
        try:
            found = self._files.stamp(*self._place)
            if found.kind != _DIRECTORY:
                return found.identity
        except (FileNotFoundError, NotADirectoryError):
            pass
        return self._find()

    def _find(self) -> int | None:
        """The same after another look at whether it is a file or a directory."""
        directory, name = _split(self._status)
        found = self._stamp(directory, name)
        if found is not None and not self._status.endswith("/"):
            self._inside = found.kind == _DIRECTORY  # and where it is missing, as it was before
        if self._inside:
            self._place = f"{directory}/{name}", self._name
            found = self._stamp(*self._place)
        else:
            self._place = directory, name
        if found is None:
            self._must_be_there(self._place[0])
            return None
        return found.identity

    def _stamp(self, directory: str, name: str) -> Stamp | None:
        try:
            return self._files.stamp(directory, name)
        except FileNotFoundError:
            return None

    def _must_be_there(self, directory: str) -> None:
        if directory and self._stamp(*_split(directory)) is None:
            raise OSError(errno.ENOENT, f"the directory {directory} is missing")


def _split(path: str) -> tuple[str, str]:
    """The directory and the name in it, which is never empty."""
    directory, slash, name = path.rstrip("/").rpartition("/")
    return (directory if slash else "."), name or "."
