"""Pid files: DIR/NAME holds a process's pid while it runs."""

from __future__ import annotations

from collections.abc import Callable

from .isystem import ISystem
from .model import Record


class PidFiles:
    """Written by rename, never through a symbolic link, removed after."""

    def __init__(self, system: ISystem, directory: str, said: Callable[[str], None]) -> None:
        self._system = system
        self._directory = directory
        self._said = said

    def changed(self, old: Record, new: Record | None) -> None:
        """A process's record has changed."""
        pid = None if new is None else new.pid
        if pid == old.pid:
            return
        try:
            if pid is None:
                self._system.remove(self._directory, old.name)
            else:
                self._system.write(self._directory, old.name, f"{pid}\n".encode())
        except OSError as error:
            self._said(f"cannot write the pid file {self._directory}/{old.name}: {error.strerror}")
