"""The messages directory: requests, each carried out once and then gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from . import request
from .dirfiles import IClockedFiles
from .isystem import Untrusted

T = TypeVar("T")

#: Requests that can't be carried out end up here, each with its reason beside it.
REJECTED = ".rejected"
#: So many of them are kept, the newest.
KEPT = 100
#: What can't be understood this soon after its last change may be half written.
WRITING_S = 1.0
#: So many requests at the most before the reactor gets its turn.
BATCH = 1000

#: More troubles at once than this help nobody.
MAX_TROUBLES = 5


def is_request_name(name: str) -> bool:
    """Whether a file of this name in the messages directory is a request."""
    return not name.startswith(".") and not name.endswith((".new", "~"))


class Mailbox(Generic[T]):
    """Requests in the order of their files' times, then names.

    ``parse`` makes a request of a file's contents, or raises RequestError; ``carry_out`` returns
    the reason why it can't be done. ``rejected`` counts those since the start; ``trouble`` says why
    requests can't be taken, or is None. ``unfinished`` says that what couldn't be understood may
    still be being written, and is to be looked at again.
    """

    def __init__(
        self,
        system: IClockedFiles,
        directory: str,
        parse: Callable[[bytes], T],
        carry_out: Callable[[T], str | None],
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._directory = directory
        self._parse = parse
        self._carry_out = carry_out
        self._said = said
        self._troubles: list[str] = []
        self._kept: deque[str] | None = None
        self.rejected = 0
        self.unfinished = False
        self.trouble: str | None = None

    def look(self) -> bool:
        """Take the requests that are there, then carry them out; whether there may be more.

        It looks again until there are none, so that what is written in one go is one batch.
        """
        gathered: list[tuple[str, bytes, T]] = []
        self._troubles = []
        self.unfinished = False
        while len(gathered) < BATCH:
            batch = self._gather(BATCH - len(gathered))
            if not batch:
                break
            gathered += batch
        for name, text, asked in gathered:
            why = self._carry_out(asked)
            if why is not None:
                self._reject(name, text, why)
        self._sum_up()
        return len(gathered) >= BATCH

    def _gather(self, most: int) -> list[tuple[str, bytes, T]]:
        try:
            self._system.check_directory(self._directory)
            names = [n for n in self._system.names(self._directory) if is_request_name(n)]
        except OSError as error:
            self._troubles.append(f"cannot look at {self._directory}: {error.strerror}")
            return []
        dated = sorted(map(self._dated, names))[:most]
        found = [self._take(name) for _, name in dated]
        return [taken for taken in found if taken is not None]

    def _dated(self, name: str) -> tuple[int, str]:
        try:
            return self._system.stamp(self._directory, name).changed_ns, name
        except OSError:
            return 0, name

    def _take(self, name: str) -> tuple[str, bytes, T] | None:
        """Read a request and remove its file: what can't be removed isn't carried out."""
        try:
            stamp = self._system.stamp(self._directory, name)
            if stamp.kind == "a directory":
                return None
            if stamp.kind != "file":
                self._set_aside(name, f"found {stamp.kind}; allowed: a regular file")
                return None
            text = self._system.read(self._directory, name, request.MAX_BYTES)
            asked = self._parse(text)
            self._system.remove(self._directory, name)
        except FileNotFoundError:
            return None
        except Untrusted as error:
            self._set_aside(name, str(error.strerror))
            return None
        except OSError as error:
            self._leave(name, error)
            return None
        except request.RequestError as error:
            if abs(self._system.utc() - stamp.changed_ns / 1e9) < WRITING_S:
                self.unfinished = True
            else:
                self._set_aside(name, str(error))
            return None
        return name, text, asked

    def _leave(self, name: str, error: OSError) -> None:
        path = f"{self._directory}/{name}"
        self._troubles.append(f"cannot take {path}: {error.strerror}; it stays undone")

    def _set_aside(self, name: str, why: str) -> None:
        """Move a file that is no request to where the rejected ones are."""
        try:
            self._make_room(name)
            self._system.move(self._directory, name, self._rejected, name)
        except FileNotFoundError:
            return
        except OSError as error:
            self._leave(name, error)
            return
        self._explain(name, why)

    def _reject(self, name: str, text: bytes, why: str) -> None:
        """Keep a request that was understood, and can't be carried out."""
        try:
            self._make_room(name)
            self._system.write(self._rejected, name, text)
        except OSError as error:
            self._troubles.append(f"cannot keep {self._rejected}/{name}: {error.strerror}")
        self._explain(name, why)

    def _explain(self, name: str, why: str) -> None:
        self.rejected += 1
        self._said(f"cannot carry out {self._directory}/{name}: {why}")
        try:
            self._system.write(self._rejected, f"{name}.reason", f"{why}\n".encode())
        except OSError as error:
            self._troubles.append(f"cannot keep {self._rejected}/{name}.reason: {error.strerror}")

    @property
    def _rejected(self) -> str:
        return f"{self._directory}/{REJECTED}"

    def _make_room(self, name: str) -> None:
        """Of those that are kept, the oldest makes place for a new one."""
        if self._kept is None:
            self._system.make_directory(self._rejected)
            names = self._system.names(self._rejected)
            self._kept = deque(sorted({n.removesuffix(".reason") for n in names}))
        while len(self._kept) >= KEPT:
            oldest = self._kept.popleft()
            self._system.remove(self._rejected, oldest)
            self._system.remove(self._rejected, f"{oldest}.reason")
        self._kept.append(name)

    def _sum_up(self) -> None:
        trouble = "; ".join(self._troubles[:MAX_TROUBLES]) or None
        if trouble is not None and trouble != self.trouble:
            self._said(trouble)
        self.trouble = trouble
