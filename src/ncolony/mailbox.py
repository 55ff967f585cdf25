"""The messages directory: requests, each carried out once and then gone."""

from __future__ import annotations

from collections.abc import Callable

from . import request
from .isystem import ISystem

#: Requests that can't be carried out end up here, each with its reason beside it.
REJECTED = ".rejected"
#: So many of them are kept, the newest.
KEPT = 100
#: Looks in a row before requests are carried out: what is written in one go is one batch.
GATHERINGS = 50


def is_request_name(name: str) -> bool:
    """Whether a file of this name in the messages directory is a request."""
    return not name.startswith(".") and not name.endswith((".new", "~"))


class Mailbox:
    """Requests in the order of their files' times, then names.

    ``carry_out`` returns the reason why a request can't be done. ``rejected`` counts those since
    the start; ``trouble`` says why requests can't be taken, or is None.
    """

    def __init__(
        self,
        system: ISystem,
        directory: str,
        carry_out: Callable[[request.Request], str | None],
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._directory = directory
        self._carry_out = carry_out
        self._said = said
        self._stuck: frozenset[str] = frozenset()
        self.rejected = 0
        self.trouble: str | None = None

    def look(self) -> None:
        """Take every request that is there, then carry them out."""
        gathered: list[tuple[str, request.Request]] = []
        for _ in range(GATHERINGS):
            batch = self._gather()
            if not batch:
                break
            gathered += batch
        for name, asked in gathered:
            why = self._carry_out(asked)
            if why is not None:
                self._reject(name, request.encode(asked), why)

    def _gather(self) -> list[tuple[str, request.Request]]:
        try:
            names = [n for n in self._system.names(self._directory) if is_request_name(n)]
        except OSError as error:
            self._say(f"cannot look at {self._directory}: {error.strerror}")
            return []
        stuck = self._stuck & frozenset(names)
        self._stuck = stuck
        if not stuck:
            self.trouble = None
        found = [self._take(name) for _, name in sorted(map(self._dated, set(names) - stuck))]
        return [taken for taken in found if taken is not None]

    def _dated(self, name: str) -> tuple[int, str]:
        try:
            return self._system.stamp(self._directory, name).changed_ns, name
        except OSError:
            return 0, name

    def _take(self, name: str) -> tuple[str, request.Request] | None:
        """Read a request and remove its file: what can't be removed isn't carried out."""
        try:
            kind = self._system.stamp(self._directory, name).kind
            if kind != "file":
                self._set_aside(name, f"found {kind}; allowed: a regular file")
                return None
            text = self._system.read(self._directory, name, request.MAX_BYTES)
            asked = request.parse(text)
            self._system.remove(self._directory, name)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._leave(name, error)
            return None
        except request.RequestError as error:
            self._set_aside(name, str(error))
            return None
        return name, asked

    def _leave(self, name: str, error: OSError) -> None:
        self._stuck |= {name}
        self._say(f"cannot take {self._directory}/{name}: {error.strerror}; it stays undone")

    def _set_aside(self, name: str, why: str) -> None:
        """Move a file that is no request to where the rejected ones are."""
        try:
            self._make_room()
            self._system.move(self._directory, name, self._rejected, name)
        except FileNotFoundError:
            return
        except OSError as error:
            self._leave(name, error)
            return
        self._explain(name, why)

    def _reject(self, name: str, text: bytes, why: str) -> None:
        """Keep a request that was understood, and can't be done."""
        try:
            self._make_room()
            self._system.write(self._rejected, name, text)
        except OSError as error:
            self._say(f"cannot keep {self._rejected}/{name}: {error.strerror}")
        self._explain(name, why)

    def _explain(self, name: str, why: str) -> None:
        self.rejected += 1
        self._said(f"cannot carry out {self._directory}/{name}: {why}")
        try:
            self._system.write(self._rejected, f"{name}.reason", f"{why}\n".encode())
        except OSError as error:
            self._say(f"cannot keep {self._rejected}/{name}.reason: {error.strerror}")

    @property
    def _rejected(self) -> str:
        return f"{self._directory}/{REJECTED}"

    def _make_room(self) -> None:
        """Of the hundred that are kept, the oldest makes place."""
        self._system.make_directory(self._rejected)
        kept = [n for n in self._system.names(self._rejected) if not n.endswith(".reason")]
        dated = sorted((self._system.stamp(self._rejected, name).changed_ns, name) for name in kept)
        for _, name in dated[: max(0, len(dated) - KEPT + 1)]:
            self._system.remove(self._rejected, name)
            self._system.remove(self._rejected, f"{name}.reason")

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self._said(trouble)
        self.trouble = trouble
