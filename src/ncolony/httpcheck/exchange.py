"""One request and its answer, as bytes; ``h11`` knows how those of HTTP/1.1 look (ADR 16)."""

from __future__ import annotations

from typing import NamedTuple

import h11

from ..httpspec import BODY_BYTES, HttpCheck
from ..httptarget import Target

#: So long a status line and header fields together may be.
MAX_HEADER_BYTES = 64 * 1024
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_AGENT = "ncolony-httpcheck"


class ExchangeError(Exception):
    """An answer that isn't HTTP, or isn't whole; ``str()`` says what is wrong with it."""


class Answer(NamedTuple):
    """A status; where it sends on to, or empty; and whether the text that is wanted was there."""

    status: int
    location: str
    has_text: bool


class Exchange:
    """Asks ``target`` what ``check`` wants; with ``headers``, the check's own fields go along.

    An answer is there as soon as nothing that follows could change it: of a body, no more is read
    than is searched for a text.
    """

    def __init__(self, check: HttpCheck, target: Target, *, headers: bool) -> None:
        self._check = check
        self._request = h11.Request(
            method=check.method, target=target.path, headers=_headers(check, target, headers)
        )
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._head: Answer | None = None
        self._body = bytearray()

    def request(self) -> bytes:
        """What to send."""
        head = self._connection.send(self._request)
        return (head or b"") + (self._connection.send(h11.EndOfMessage()) or b"")

    def received(self, received: bytes) -> Answer | None:
        """The answer, once it is there; ``received`` is empty at the end. Raises ExchangeError."""
        try:
            self._connection.receive_data(received)
            return self._read()
        except h11.RemoteProtocolError as error:
            raise ExchangeError(_wrong(error, received)) from None

    def _read(self) -> Answer | None:
        while True:
            event = self._connection.next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Response):
                self._head = self._headed(event)
                if not self._wants_body(self._head):
                    return self._head
            elif isinstance(event, h11.Data):
                assert self._head is not None, "h11 gives the head first"
                if self._has_text(event.data):
                    return self._head._replace(has_text=True)
                if len(self._body) >= BODY_BYTES:
                    return self._head
            elif not isinstance(event, h11.InformationalResponse):
                return self._head  # the end of the message, or of what we can understand

    def _headed(self, response: h11.Response) -> Answer:
        location = ""
        if response.status_code in _REDIRECTS:
            fields = dict(reversed([*response.headers]))
            location = fields.get(b"location", b"").decode("latin-1").strip()
        return Answer(response.status_code, location, has_text=not self._check.text)

    def _wants_body(self, head: Answer) -> bool:
        leads_on = self._check.redirects and head.location
        return bool(self._check.text) and self._check.is_good(head.status) and not leads_on

    def _has_text(self, more: bytes | bytearray) -> bool:
        text = self._check.text
        begin = max(len(self._body) - len(text) + 1, 0)
        self._body += more[: BODY_BYTES - len(self._body)]
        return self._body.find(text, begin) >= 0


def _headers(check: HttpCheck, target: Target, own: bool) -> list[tuple[str, str]]:
    fields = dict(check.headers) if own else {}
    given = {name.lower() for name in fields}
    ours = {"Host": target.authority, "User-Agent": _AGENT, "Accept": "*/*", "Connection": "close"}
    return [(n, v) for n, v in ours.items() if n.lower() not in given] + list(fields.items())


def _wrong(error: h11.RemoteProtocolError, received: bytes) -> str:
    if not received:
        return "closed the connection before all of an answer"
    return f"answered with no valid HTTP: {error}"
