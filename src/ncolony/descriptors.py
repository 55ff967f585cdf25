"""A descriptor in the reactor: a function is called when it is ready."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

_log = Logger()


@implementer(IReadDescriptor, IWriteDescriptor)
class Ready:
    """For ``reactor.addReader`` and ``addWriter``. The descriptor stays its owner's.

    An exception of ``function`` is logged, and that is all: a reactor that saw it would never
    look at the descriptor again.
    """

    def __init__(self, fd: int, function: Callable[[], object]) -> None:
        self._fd = fd
        self._function = function

    def fileno(self) -> int:
        return self._fd

    def doRead(self) -> None:
        try:
            self._function()
        except Exception:  # noqa: BLE001 - the last resort, see above
            _log.failure("the descriptor {fd} could not be dealt with", fd=self._fd)

    doWrite = doRead

    def connectionLost(self, reason: Failure) -> None:
        """The other end is gone, which the function finds out for itself."""
        self.doRead()

    def logPrefix(self) -> str:
        return "ncolony"
